"""``python -m airflow_provider_kling.catalogue``: compare models with the service, or write their page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from airflow_provider_kling.catalogue.drift import differences
from airflow_provider_kling.catalogue.page import models_page
from airflow_provider_kling.exceptions import KlingError, KlingNotFoundError, KlingRequestError
from airflow_provider_kling.gateways import DEFAULT_BASE_URL, Gateway, make_gateway
from airflow_provider_kling.http.client import KlingClient
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.models import MODELS, KlingModel, find_model

SAME, DIFFERENT, UNREADABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 1 where anything differs, 2 where the service could not be read."""
    given = _parser().parse_args(arguments)
    if given.command == "page":
        given.file.write_text(models_page(), encoding="utf-8")
        return SAME
    try:
        models = [find_model(name) for name in given.models] or MODELS
        return check(models, url=given.url)
    except KlingRequestError as error:
        return _fail(str(error))
    except KlingError as error:
        return _fail(f"The service's schemas could not be read: {error}")


def check(models: Sequence[KlingModel], *, url: str) -> int:
    """Print where the models differ from what is published at ``url``, and return the exit status."""
    gateway = make_gateway()
    settings = ClientSettings(base_url=url.rstrip("/"), api_key=None, caller="catalogue")
    differing = 0
    with closing(KlingClient(settings=settings)) as client:
        for model in models:
            lines = _differences(model, client=client, gateway=gateway)
            differing += bool(lines)
            for line in lines:
                print(f"{model.name}: {line}")
    print(f"{len(models)} models compared with {url}, {differing} differ")
    return DIFFERENT if differing else SAME


def _differences(model: KlingModel, *, client: KlingClient, gateway: Gateway) -> list[str]:
    try:
        published = client.call(gateway.schema(model.name))
    except KlingNotFoundError:
        gone = model.retired or model.left_documents
        return [] if gone else ["the service publishes no schema: it does not know the model, or no longer"]
    return differences(model, published.body)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_kling.catalogue",
        description="The models that this release of airflow-provider-kling knows.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check", help="compare them with what the service publishes; exits with 1 where anything differs"
    )
    check.add_argument("models", nargs="*", help="models to compare (default: all)")
    public = make_gateway().public_url(DEFAULT_BASE_URL)
    check.add_argument("--url", default=public, help="where the schemas are published (default: %(default)s)")
    page = commands.add_parser("page", help="write docs/models.md")
    page.add_argument("file", type=Path, help="the file to write")
    return parser


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
