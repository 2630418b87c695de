"""How soon a page of a report can be read when it is opened from disk: first paint, first content and load, in a headless Chromium.

`first_paint.py [RUN ...] [--times 5]` takes runs (default: reports/*/latest) and prints the median of each page and the slowest.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
MARKS = """() => new Promise((done) => {
  const ready = () => {
    const paints = Object.fromEntries(performance.getEntriesByType("paint").map((entry) => [entry.name, entry.startTime]));
    const loaded = performance.getEntriesByType("navigation")[0].loadEventEnd;
    if (paints["first-contentful-paint"] && loaded) done([paints["first-paint"], paints["first-contentful-paint"], loaded]);
    else setTimeout(ready, 5);
  };
  ready();
})"""


def measure(browser: Any, page: Path, times: int) -> list[float]:
    """Median milliseconds to first paint, first content and load, each time in a context that knows nothing of the page."""
    rounds = []
    for _ in range(times):
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
        view = context.new_page()
        view.goto(page.resolve().as_uri())
        rounds.append(view.evaluate(MARKS))
        context.close()
    return [statistics.median(values) for values in zip(*rounds, strict=True)]


def main() -> int:
    """Measure every page of the runs and print a table in Markdown."""
    from playwright.sync_api import sync_playwright

    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("runs", nargs="*", type=Path)
    given.add_argument("--times", type=int, default=5)
    asked = given.parse_args()
    runs = asked.runs or sorted((REPOSITORY / "reports").glob("*/latest"))
    pages = [page for run in runs for page in sorted(run.glob("*.html"))]
    if not pages:
        print("no pages: run a study first, or name the folders of runs", file=sys.stderr)
        return 1
    print(
        "| study | page | kB | first paint, ms | first content, ms | loaded, ms |\n| --- | --- | --- | --- | --- | --- |"
    )
    worst = 0.0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for page in pages:
            paint, content, loaded = measure(browser, page, asked.times)
            worst = max(worst, content)
            size = page.stat().st_size / 1000
            study = page.parent.resolve().parent.name
            print(f"| {study} | {page.stem} | {size:.0f} | {paint:.0f} | {content:.0f} | {loaded:.0f} |", flush=True)
        version = browser.version
        browser.close()
    print(
        f"\nChromium {version}, {platform.machine()}, median of {asked.times}; the slowest first content took {worst:.0f} ms."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
