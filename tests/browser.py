"""A headless Chromium for the page tests, where there is one."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium, which is not on this machine; `make browser` installs it"
)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Open a browser without a network."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def opened(browser: Any, file: Any, **options: Any) -> Iterator[tuple[Any, list[str]]]:
    """Open a page offline, its policy obeyed; yields the page, and what it complained of or asked the network for."""
    context = browser.new_context(offline=True, **options)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: said.append(request.url) if request.url[:5] not in {"file:", "data:"} else None)
    page.goto(file.resolve().as_uri())
    try:
        yield page, said
    finally:
        context.close()
