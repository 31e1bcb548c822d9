"""The named rules that fact files refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from airflow_provider_kling.sandbox.kling.service import legacy_rules, new_rules, reference_rules
from airflow_provider_kling.sandbox.kling.service.subject import Subject

Rule = Callable[[Subject], Iterator[str]]

_RULES: Final[tuple[Rule, ...]] = (
    new_rules.shots,
    new_rules.handles,
    new_rules.last_frame,
    new_rules.one_video,
    new_rules.frames_need_1080p,
    new_rules.frames_are_silent,
    new_rules.omni_3,
    new_rules.omni_o1,
    legacy_rules.prompt_or_shots,
    legacy_rules.multi_prompt,
    legacy_rules.camera,
    legacy_rules.exclusive_groups,
    legacy_rules.legacy_omni,
    legacy_rules.series_amount,
    legacy_rules.expansion_area,
    reference_rules.voices,
    reference_rules.element_voice,
    reference_rules.tts_voice,
    reference_rules.elements,
    reference_rules.extendable,
    reference_rules.audio_source,
    reference_rules.voice_source,
    reference_rules.selection_session,
    reference_rules.face_session,
)
RULES: Final[Mapping[str, Rule]] = {rule.__name__: rule for rule in _RULES}
# These hold wherever a request names a work.
_EVERYWHERE: Final[tuple[Rule, ...]] = (reference_rules.videos, reference_rules.audio_works)


def first_problem(subject: Subject) -> str | None:
    """Return the first broken rule of an endpoint, or None."""
    rules = [*_EVERYWHERE, *(RULES[name] for name in subject.endpoint.rules)]
    return next((problem for rule in rules for problem in rule(subject)), None)
