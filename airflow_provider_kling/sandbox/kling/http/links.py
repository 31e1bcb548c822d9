"""The addresses of results, and who may use them."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from airflow_provider_kling.sandbox.http.signed_urls import RESULTS, UrlSigner


class ResultLinks:
    """Signs the addresses of result files."""

    def __init__(self, *, signer: UrlSigner) -> None:
        self._signer = signer

    def url(self, file_name: str, *, base_url: str, expires_at: float) -> str:
        """Return the signed address of a file.

        :param expires_at: in epoch seconds.
        """
        return self._signer.sign(f"{RESULTS}/{file_name}", base_url=base_url, expires_at=expires_at)


def is_embedded_elsewhere(request: Request) -> bool:
    """Whether a page of another site has caused a download.

    The documents only say that results are protected against hot links; that this is decided by ``Referer``
    is inferred.
    """
    referer = request.headers.get("referer")
    if not referer:
        return False
    try:
        return urlsplit(referer).netloc.lower() != request.headers.get("host", "").lower()
    except ValueError:
        return True
