"""One synchronous request, and what its response is made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint, Makes
from airflow_provider_kling.sandbox.kling.service.generation_request import GenerationRequest
from airflow_provider_kling.sandbox.kling.service.media_loader import load_inputs, load_source
from airflow_provider_kling.sandbox.kling.service.price import Variant
from airflow_provider_kling.sandbox.kling.service.service import Service
from airflow_provider_kling.sandbox.kling.service.sessions import SourceVideo
from airflow_provider_kling.sandbox.kling.service.task_files import Links
from airflow_provider_kling.sandbox.render.render_spec import RenderSpec
from airflow_provider_kling.sandbox.render.result import Result


@dataclass(frozen=True, kw_only=True)
class Call:
    """A checked request to a synchronous endpoint.

    :param base_url: the address under which the caller reached the service.
    """

    endpoint: Endpoint
    body: Mapping[str, Any]
    base_url: str
    service: Service
    links: Links

    def request(self, spec: RenderSpec, *, source: SourceVideo | None = None) -> GenerationRequest:
        """Return a request to render a spec.

        :param source: the video of a session, which was checked when that was opened.
        """
        return GenerationRequest(
            endpoint=self.endpoint,
            model=self.endpoint.model_of(self.body),
            body=self.body,
            spec=spec,
            resolution="",
            variant=Variant.PLAIN,
            media_limits=self.endpoint.media_limits if source is None else {},
            works={},
            source=source,
        )

    async def rendered(self, request: GenerationRequest) -> Sequence[Result]:
        """Return the files of a request.

        :raises InvalidMediaError: an input file cannot be used.
        """
        inputs = await load_inputs(request)
        renderer = self.service.renderer
        return await renderer.render(request.spec, inputs=inputs, limits=request.media_limits)

    async def source(self) -> SourceVideo:
        """Return the video that the body names.

        :raises InvalidMediaError: it cannot be used.
        """
        work = self.service.holdings.works.find(str(self.body.get("video_id")), Makes.VIDEO)
        return await load_source(
            work=work,
            url=str(self.body.get("video_url", "")),
            limits=self.endpoint.media_limits.get("video", {}),
            work_url="" if work is None else self.url(work.file_name, expires_at=work.expires_at),
        )

    def keep(self, result: Result) -> str:
        """Serve a file, and return its name."""
        name = self.service.ids.file_stem() + result.name_suffix
        self.service.keep(name, result, at=self.service.clock.now())
        return name

    def url(self, file_name: str, *, expires_at: float | None = None) -> str:
        """Return the address of a file.

        :param expires_at: in epoch seconds; None for a file that was made now.
        """
        if expires_at is None:
            expires_at = self.service.clock.now() + self.service.settings.result_ttl
        return self.links.url(file_name, base_url=self.base_url, expires_at=expires_at)

    def kept(self, result: Result) -> str:
        """Serve a file, and return its address."""
        return self.url(self.keep(result))
