"""The first page of a run: the answers, the findings, the verdicts, the map, then the notebooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeylab import text
from journeylab.html import escape, number_attributes
from journeylab.report.notebooks import question, read_notebook, title
from journeylab.report.page import Link, facts, page
from journeylab.report.tables import write_tables

if TYPE_CHECKING:
    from journeylab.report.run import Outcome


def write_index(folder: Path, study: str, outcomes: Sequence[Outcome], record: dict[str, Any]) -> Path:
    """Write ``index.html`` from what the notebooks saved; what is missing is left out.

    Returns
    -------
    Path
        The page.
    """
    body = [f"<h1>{escape(study)}: what should we do?</h1>", _failures(outcomes), _answers(_load(folder, "headline"))]
    body += [
        _alerts(folder),
        _findings(_load(folder, "findings")),
        _verdicts(_load(folder, "verdicts")),
        _map(folder),
        _notebooks(folder, outcomes),
    ]
    links = [Link("index.html", "Overview", True), *(Link(f"{item.name}.html", title(item.name)) for item in outcomes)]
    footer = provenance(record, whole=True)
    html = page(stem="index", title="Overview", study=study, links=links, body="".join(body), footer=footer)
    file = folder / "index.html"
    file.write_text(html, encoding="utf-8")
    write_tables(html, folder)
    return file


def provenance(record: dict[str, Any], *, whole: bool = False) -> str:
    """Where the numbers come from: time, inputs with hashes, versions, engine."""
    versions = record["versions"]
    pairs = [
        ("Inputs", ", ".join(f"{item['file']} ({item['sha256'][:8]})" for item in record["inputs"])),
        ("Made with", f"journeylab {versions['journeylab']} (code {record['code_sha256'][:8]}), Python {versions['python']}, "
                      f"pandas {versions['pandas']}, engine {record['engine']} {versions['duckdb']}"),
    ]  # fmt: skip
    if whole:
        given = [
            f"{name}: {', '.join(f'{key} = {value}' for key, value in values.items())}"
            for name, values in record["parameters"].items()
            if values
        ]
        pairs.append(("Parameters", "; ".join(given) or "all at their defaults"))
    stamp = record["created"]
    when = text.moment(datetime.fromisoformat(stamp))
    return f'<p>Run of <time datetime="{escape(stamp)}">{escape(when)} UTC</time></p>{facts(pairs)}'


def _load(folder: Path, name: str) -> Any:
    file = folder / "results" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _failures(outcomes: Sequence[Outcome]) -> str:
    failed = [item for item in outcomes if item.failure is not None]
    if not failed:
        return ""
    items = "".join(
        f'<li><a href="{escape(item.name)}.html">{escape(title(item.name))}</a>: {escape(item.failure["name"])}: '
        f"{escape(item.failure['message'][:300])}</li>"
        for item in failed
        if item.failure is not None
    )
    count = f"{len(failed)} of {len(outcomes)} notebooks"
    head = f"<p><strong>{count} stopped with an error.</strong> The others are whole.</p>"
    return f'<div class="error" role="alert">{head}<ul>{items}</ul></div>'


def _alerts(folder: Path) -> str:
    """What the rules of study.toml told of; nothing where there are none."""
    file = folder / "alerts.json"
    if not file.is_file():
        return ""
    content = json.loads(file.read_text(encoding="utf-8"))
    items = "".join(f"<li>{escape(row['sentence'])}</li>" for row in content["table"])
    against = "since the last good run" if content["against"] else "in the first run"
    tested = sum(rule["looked"] for rule in content["rules"])
    looked = f"{text.count(tested)} {'figure was' if tested == 1 else 'figures were'} looked at"
    told = {
        "fired": f"<ul>{items}</ul>",
        "none": f"<p>None {against}; {looked}.</p>",
        "not judged": "<p><strong>Not judged yet.</strong></p>",
    }[content["state"]]
    told += "".join(f"<p class='more'>{escape(line)}</p>" for line in content["unseen"])
    return f"<h2>Alerts</h2>{told}"


def _answers(answers: list[dict[str, str]] | None) -> str:
    if not answers:
        return ""
    items = []
    for item in answers:
        sure = f' <span class="tag">{escape(item["sure"])}</span>' if item.get("sure") else ""
        link = (
            f' <a href="{escape(item["link"])}">See the evidence<span class="hidden"></span></a>'
            if item.get("link")
            else ""
        )
        items.append(
            f"<div><dt>{escape(item['question'])}</dt><dd><p class='answer'>{escape(item['answer'])}</p>"
            f"<p class='more'>{escape(item.get('evidence', ''))}{sure}</p><p class='more'>{link}</p></dd></div>"
        )
    return f"<dl class='answers'>{''.join(items)}</dl>"


def _findings(findings: list[dict[str, Any]] | None) -> str:
    if not findings:
        return ""
    items = "".join(
        f"<li><p><strong>{escape(item['statement'])}</strong> <span class='tag'>grade {escape(item['grade'])}</span></p>"
        f"<p class='more'>{escape(item['evidence'])}; n = {text.count(item['n'])}. "
        f'<a href="{escape(item["link"])}">{escape(title(Path(item["link"]).stem))}</a></p></li>'
        for item in findings
    )
    legend = (
        "Grades: A randomised and sound; B dated change with controls; C observational, diagnostics green, consistent with an "
        "effect; D descriptive."
    )
    return f"<h2>The statements that matter</h2><p class='more'>{legend}</p><ol>{items}</ol>"


def _verdicts(verdicts: dict[str, Any] | None) -> str:
    if not verdicts or not verdicts["rows"]:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in verdicts["columns"])
    rows = []
    for row in verdicts["rows"]:
        cells = "".join(f"<td{number_attributes(value)}>{escape(value)}</td>" for value in row[1:])
        rows.append(f'<tr><th scope="row">{escape(row[0])}</th>{cells}</tr>')
    caption = escape(verdicts["caption"])
    return (
        f'<h2>Touchpoints</h2><div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table><caption>{caption}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _map(folder: Path) -> str:
    """The journey map, taken from where the notebook of the map saved it."""
    file = folder / "results" / "map.html"
    return f"<h2>The journey</h2>{file.read_text(encoding='utf-8')}" if file.is_file() else ""


def _notebooks(folder: Path, outcomes: Sequence[Outcome]) -> str:
    rows = []
    for item in outcomes:
        asked = question(read_notebook(folder / f"{item.name}.ipynb"), item.name)
        status = "done" if item.status == "done" else "stopped with an error"
        rows.append(
            f'<tr><th scope="row"><a href="{escape(item.name)}.html">{escape(title(item.name))}</a></th>'
            f"<td>{escape(asked)}</td><td>{status}</td></tr>"
        )
    return (
        '<h2>The notebooks</h2><div class="scroll" role="region" aria-label="The notebooks of this run" tabindex="0"><table>'
        '<caption>The notebooks of this run</caption><thead><tr><th scope="col">Notebook</th><th scope="col">Question</th>'
        f'<th scope="col">Status</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
