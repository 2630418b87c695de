"""A headless Chromium for the page tests, where there is one."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}

OUT_OF_REACH = """() => {
  const controls = "a[href], button, input, select, textarea, summary, [tabindex='0'], [role=button]";
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const name = (element) => element.outerHTML.slice(0, 120);
  const marked = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const faults = [];
  for (const element of document.querySelectorAll(controls)) {
    if (!seen(element)) continue;
    element.focus({ preventScroll: true });
    if (element.tabIndex < 0 || document.activeElement !== element) faults.push("no key leads to " + name(element));
    const inside = [...element.querySelectorAll(".hit")].some((part) => getComputedStyle(part).stroke !== "none");
    if (!marked(getComputedStyle(element)) && !inside) faults.push("focus cannot be seen on " + name(element));
  }
  for (const element of document.querySelectorAll("main *")) {
    const pointed = seen(element) && getComputedStyle(element).cursor === "pointer";
    const named = element.closest("label")?.control;
    if (pointed && !element.closest(controls) && !(named && seen(named))) faults.push("only a mouse can use " + name(element));
  }
  return faults;
}"""
"""What a mouse can use and a keyboard cannot reach, or where the focus is not to be seen."""

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


def show_as(page: Any, look: str) -> None:
    """Give an open page the size and the colours of a look."""
    page.set_viewport_size(LOOKS[look]["viewport"])
    page.emulate_media(color_scheme=LOOKS[look]["color_scheme"])


def thin(page: Any) -> None:
    """Take out all but the first rows of tables and bands of flows: axe's time goes with the elements, and these are alike."""
    page.evaluate("document.querySelectorAll('tbody tr:nth-child(n+4), [data-b]').forEach((part) => part.remove())")


def violations(page: Any, *, contrast: bool = True) -> list[str]:
    """What axe finds, with the element where it is; axe is put into a page once, and most of its time goes with contrast."""
    if not page.evaluate("typeof axe === 'object'"):
        from axe_playwright_python.sync_playwright import Axe

        page.evaluate(Axe().axe_script)
    options = {"runOnly": RULES, "resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": contrast}}}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{item['id']}: {node['html'][:150]}" for item in found for node in item["nodes"][:3]]
