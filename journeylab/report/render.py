"""One executed notebook to one self-contained HTML page."""

from __future__ import annotations

import base64
import itertools
import json
import re
import struct
from collections.abc import Sequence
from typing import Any

from journeylab.html import escape, in_single_quotes
from journeylab.report.notebooks import Notebook, question, source, tags
from journeylab.report.page import Link, facts, page

ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
PLACEHOLDER = "A figure of this notebook without a description"


def render(
    notebook: Notebook, *, stem: str, study: str, links: Sequence[Link], parameters: dict[str, Any], footer: str,
    failure: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """Render an executed notebook.

    Parameters
    ----------
    notebook : dict
        Format 4, executed.
    stem : str
        Its file name without ending.
    study : str
        Title of the study.
    parameters : dict
        What it was run with, shown folded.
    footer : str
        HTML that is safe already.
    failure : dict, optional
        What `journeylab.report.execute.execute` returned for a failed notebook.

    Returns
    -------
    str
        HTML. Text from code, streams, errors and markdown is escaped; text/html outputs stand as they are, since the package
        that made them escaped what came from data.
    """
    heading = question(notebook, stem)
    parts = []
    if failure is not None:
        parts.append(_failure(failure))
    shown = False
    silent = set() if failure is not None else silent_cells(notebook["cells"])
    for place, cell in enumerate(notebook["cells"]):
        if place in silent:
            continue
        if cell["cell_type"] == "markdown":
            parts.append(markdown(source(cell)))
            if not shown and parameters:
                given = [(name, str(value)) for name, value in sorted(parameters.items()) if str(value) != ""]
                parts.append(f"<details><summary>Parameters of this run</summary>{facts(given)}</details>")
                shown = True
        elif cell["cell_type"] == "code":
            parts.append(_code_cell(cell))
    numbers = itertools.count(1)
    body = re.sub("<figcaption>", lambda _: f"<figcaption>Figure {next(numbers)}. ", "".join(parts))
    return page(stem=stem, title=heading, study=study, links=links, body=body, footer=footer)


def silent_cells(cells: Sequence[Notebook]) -> set[int]:
    """The places of the cells of sections in which no code shows anything: a heading over nothing tells nothing.

    A section reaches from a heading of the second or third level to the next of its level or a higher one. The last code cell
    is of no section: it prints the claims of the whole notebook.
    """
    code = [place for place, cell in enumerate(cells) if cell["cell_type"] == "code"]
    levels = {
        place: _level(cell) for place, cell in enumerate(cells) if cell["cell_type"] == "markdown" and _level(cell)
    }
    silent: set[int] = set()
    for place, level in levels.items():
        end = next((other for other, above in levels.items() if other > place and above <= level), len(cells))
        mine = [other for other in code[:-1] if place < other < end]
        if (
            level > 1
            and mine
            and not any(_output(output) for other in mine for output in cells[other].get("outputs", []))
        ):
            silent |= set(range(place, end)) - set(code[-1:])
    return silent


def _level(cell: Notebook) -> int:
    """The level of the heading with which a cell begins; 0 without one."""
    return len(source(cell)) - len(source(cell).lstrip("#"))


def markdown(text: str) -> str:
    """Headings, paragraphs, lists, emphasis, code and links; raw HTML stays text.

    Examples
    --------
    >>> markdown("# A *b*\\n\\nx <b>y</b>")
    '<h1>A <em>b</em></h1><p class="prose">x &lt;b&gt;y&lt;/b&gt;</p>'
    """
    import mistune

    html = str(mistune.create_markdown(escape=True)(text)).strip()
    html = html.replace("\n", " ").replace("> <", "><")
    return html.replace("<p>", '<p class="prose">')


def _code_cell(cell: Notebook) -> str:
    """Outputs first, the code folded under them."""
    outputs = "".join(_output(output) for output in cell.get("outputs", []))
    if tags(cell) & {"parameters", "injected-parameters"}:
        return outputs
    code = f'<details class="code"><summary>Code</summary><pre>{escape(source(cell).strip())}</pre></details>'
    return outputs + code


def _output(output: dict[str, Any]) -> str:
    """One output; what is not known is left out."""
    kind = output["output_type"]
    if kind == "stream":
        return f"<pre>{escape(ANSI.sub('', _text(output['text'])))}</pre>" if output.get("name") == "stdout" else ""
    if kind == "error":
        return ""
    data = output.get("data", {})
    if "image/png" in data:
        return _image(_text(data["image/png"]), output.get("metadata", {}).get("image/png", {}))
    if "text/html" in data:
        return _text(data["text/html"])
    if "text/plain" in data:
        return f"<pre>{escape(_text(data['text/plain']))}</pre>"
    return ""


def _image(encoded: str, metadata: dict[str, Any]) -> str:
    """A PNG with its alt text and its size, so that the page does not jump."""
    encoded = "".join(encoded.split())
    width, height = struct.unpack(">II", base64.b64decode(encoded[:64])[16:24])
    alt = metadata.get("alt") or PLACEHOLDER
    caption = f"<figcaption>{escape(metadata['caption'])}</figcaption>" if metadata.get("caption") else ""
    told = "".join(
        " " + in_single_quotes(f"data-{name}", metadata[name]) for name in ("draws", "words") if metadata.get(name)
    )  # for the gate of releases, which takes them out
    return (
        f'<figure{told}><img src="data:image/png;base64,{encoded}" alt="{escape(alt)}" width="{width * 2 // 3}" '
        f'height="{height * 2 // 3}">{caption}</figure>'
    )


def _failure(failure: dict[str, Any]) -> str:
    """Say readably where and why a notebook stopped; the traceback is folded."""
    where = (
        f"in code cell {failure['cell']} ({escape(failure.get('line') or '')})"
        if failure.get("cell")
        else "before the first cell"
    )
    trace = failure.get("traceback") or ""
    folded = (
        f"<details><summary>Technical details</summary><pre>{escape(ANSI.sub('', trace))}</pre></details>"
        if trace
        else ""
    )
    return (
        f'<div class="error" role="alert"><p><strong>This notebook stopped {where}.</strong></p>'
        f"<p>{escape(failure['name'])}: {escape(failure['message'])}</p>{folded}</div>"
    )


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def dumps(content: Any) -> str:
    """JSON with stable order."""
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
