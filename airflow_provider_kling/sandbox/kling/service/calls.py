"""The endpoints that respond with their result, and what they cost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from airflow_provider_kling.sandbox.kling.service import library_calls, media_calls, selection_calls
from airflow_provider_kling.sandbox.kling.service.account import Charge
from airflow_provider_kling.sandbox.kling.service.call import Call
from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint
from airflow_provider_kling.sandbox.kling.service.price import Variant, units_text
from airflow_provider_kling.sandbox.kling.service.rejection import invalid
from airflow_provider_kling.sandbox.kling.service.service import Service
from airflow_provider_kling.sandbox.kling.service.task_files import Links
from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError

_SELECTIONS: Final = "/v1/videos/multi-elements"
_HANDLERS: Final[Mapping[str, Callable[[Call], Awaitable[dict[str, Any]]]]] = {
    "/v1/audio/tts": media_calls.speak,
    "/v1/videos/identify-face": media_calls.identify_face,
    "/v1/videos/image-recognize": media_calls.recognize,
    f"{_SELECTIONS}/init-selection": selection_calls.open_selection,
    f"{_SELECTIONS}/add-selection": selection_calls.add_selection,
    f"{_SELECTIONS}/delete-selection": selection_calls.delete_selection,
    f"{_SELECTIONS}/clear-selection": selection_calls.clear_selection,
    f"{_SELECTIONS}/preview-selection": selection_calls.preview_selection,
    "/v1/general/delete-voices": library_calls.delete_voice,
    "/v1/general/delete-advanced-elements": library_calls.delete_element,
    "/v1/general/delete-elements": library_calls.delete_element,
}


class Calls:
    """Responds to calls of the synchronous endpoints of the legacy standard."""

    def __init__(self, *, service: Service, links: Links) -> None:
        self._service = service
        self._links = links

    async def respond(self, endpoint: Endpoint, body: Any, *, base_url: str) -> dict[str, Any]:
        """Return the data of the response.

        :raises Rejection: the request is rejected, or its files cannot be used.
        """
        service = self._service
        given = service.check(endpoint, body)
        price = endpoint.model_of(given).price
        units = price.amount(variant=Variant.PLAIN, resolution="", seconds=0, images=1)
        service.account.check(endpoint.pack, units)
        call = Call(endpoint=endpoint, body=given, base_url=base_url, service=service, links=self._links)
        try:
            data = await _HANDLERS[endpoint.path](call)
        except InvalidMediaError as error:
            raise invalid(str(error)) from error
        if not units:
            return data
        service.accepted += 1
        self._charge(endpoint, units, task_id=str(data.get("task_id") or service.ids.new()))
        return {**data, "final_unit_deduction": units_text(units)}

    def _charge(self, endpoint: Endpoint, units: Decimal, *, task_id: str) -> None:
        now = self._service.clock.now()
        charge = Charge(
            task_id=task_id,
            product=endpoint.product,
            model=endpoint.path.rpartition("/")[2],
            resolution="",
            submitted_at=now,
            at=now,
        )
        self._service.charge(endpoint, units, charge)
