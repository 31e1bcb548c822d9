"""Modellix's callbacks, without a signature: its documents advise a secret in the address."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final

from airflow_provider_kling.gateways.callbacks import (
    Callback,
    CallbackRejectedError,
    CallbackRequest,
    json_object,
    task_id_of,
)
from airflow_provider_kling.gateways.json_values import label, mapping
from airflow_provider_kling.gateways.modellix.task import STATUS_OF_WORD
from airflow_provider_kling.http.task import TaskStatus

_SHORTEST_SECRET: Final = 16  # a shorter one could be guessed


class ModellixCallbacks:
    """See :class:`~airflow_provider_kling.gateways.callbacks.Callbacks`."""

    def read(self, request: CallbackRequest, *, secrets: Sequence[str]) -> Callback:
        """Return the report in a request to an address with the secret."""
        given = request.path_secret.encode()
        known = [secret.encode() for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        if not any(hmac.compare_digest(given, secret) for secret in known):
            raise CallbackRejectedError("the address does not end with the secret")
        told = json_object(request.body)
        told = mapping(told.get("data")) or told
        word = label(told.get("status")) or ""
        task_id = task_id_of(told.get("task_id"))
        status = STATUS_OF_WORD.get(word.lower(), TaskStatus.PROCESSING)
        # Each attempt has an id of its own, so the report is known by what it says.
        return Callback(task_id=task_id, status=status, delivery=f"{task_id} {status}")
