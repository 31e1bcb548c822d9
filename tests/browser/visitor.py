"""Somebody with a browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, Request

from dev.airflow_api import User
from dev.waiting import PATIENCE_S

AXE = Path(__file__).parents[2] / "build" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
GALLERY = "/kling/gallery"


@dataclass(kw_only=True)
class Visitor:
    """A page in a browser of its own, and what it asks for.

    :param url: of Airflow.
    :ivar requested: the addresses of all requests.
    :ivar errors: what went wrong in the page's scripts.
    """

    url: str
    page: Page
    requested: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def log_in(self, user: User | None) -> None:
        """Log in as a person does; where everybody is an admin, there is nothing to fill in."""
        if user is None:
            self.page.goto(f"{self.url}/auth/token/login")
            return
        self.page.goto(f"{self.url}/auth/login")
        self.page.locator("input[name=username]").fill(user.username)
        self.page.locator("input[name=password]").fill(user.password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/auth/login" not in url)

    def gallery(self, path: str = "/") -> Page:
        """Open a page of the gallery."""
        self.page.goto(f"{self.url}{GALLERY}{path}")
        return self.page

    def card(self, text: str) -> Locator:
        """Return the card of the generation with this prompt."""
        return self.page.locator("article.card", has_text=text)

    def foreign(self) -> list[str]:
        """Return the requests that have left the origin of Airflow."""
        own = urlsplit(self.url).netloc
        sent = [url for url in self.requested if url.startswith("http")]  # not data: and blob:
        return [url for url in sent if urlsplit(url).netloc != own]

    def faults(self) -> list[str]:
        """Return what axe-core finds in the page that is a serious hindrance to somebody."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate("async () => (await axe.run(document)).violations")
        return [
            f"{each['id']}: {node['html']}"
            for each in found
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    def played(self, video: Locator) -> None:
        """Play a clip with the keyboard, and wait until it goes on; then seek, and wait until it is there."""
        video.scroll_into_view_if_needed()
        video.focus()
        self.page.keyboard.press("Space")
        playing = "video => video.currentTime > 0.5 && video.readyState >= 3 && !video.paused"
        self.page.wait_for_function(playing, arg=video.element_handle())
        video.evaluate("video => { video.currentTime = 3.5; }")
        sought = "video => !video.seeking && video.currentTime >= 3.5 && video.readyState >= 3"
        self.page.wait_for_function(sought, arg=video.element_handle())

    def brightness(self) -> float:
        """Return how bright the page's background is, from 0 to 1."""
        colour: str = self.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        parts = [float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
        return sum(parts) / (3 * 255)


@contextlib.contextmanager
def visiting(browser: Browser, url: str, **context: Any) -> Iterator[Visitor]:
    """Open a browser without any memory.

    :param context: options of Playwright's ``new_context``.
    """
    opened = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    opened.set_default_timeout(PATIENCE_S * 1000)
    page = opened.new_page()
    visitor = Visitor(url=url, page=page)

    def asked(request: Request) -> None:
        visitor.requested.append(request.url)

    page.on("request", asked)
    page.on("pageerror", lambda error: visitor.errors.append(str(error)))
    try:
        yield visitor
    finally:
        opened.close()
