"""Slots count what runs by model version and type of pack."""

from __future__ import annotations

import pytest

from airflow_provider_kling.sandbox.kling.service.price import PackType
from airflow_provider_kling.sandbox.kling.service.rejection import Rejection
from airflow_provider_kling.sandbox.kling.service.slots import Slots

VIDEO, IMAGE = PackType.VIDEO, PackType.IMAGE


@pytest.fixture
def slots() -> Slots:
    slots = Slots(capacity={VIDEO: 2, IMAGE: 9})
    slots.take("3.0", VIDEO, 2)
    return slots


def test_a_full_model_leaves_other_models_and_other_packs_alone(slots: Slots):
    with pytest.raises(Rejection, match="1303: parallel task over resource pack limit"):
        slots.check("3.0", VIDEO, 1)
    slots.check("2.6", VIDEO, 2)
    slots.check("3.0", IMAGE, 9)


def test_images_need_as_many_slots_as_are_made(slots: Slots):
    slots.take("image-3.0", IMAGE, 4)
    slots.check("image-3.0", IMAGE, 5)
    with pytest.raises(Rejection):
        slots.check("image-3.0", IMAGE, 6)


def test_a_slot_that_is_given_back_is_free(slots: Slots):
    slots.give_back("3.0", VIDEO, 1)
    slots.check("3.0", VIDEO, 1)
