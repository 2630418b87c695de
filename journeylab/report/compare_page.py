"""Two runs side by side, and all runs of a study, as pages that stand alone."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING

import pandas as pd

from journeylab import figures, html, text
from journeylab.comparing import Comparison, Reading, Trend
from journeylab.comparing.reading import KINDS
from journeylab.comparing.telling import show
from journeylab.comparing.trend import SHOWN
from journeylab.html import escape
from journeylab.report.page import Link, facts, page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADINGS = {
    "KPI": "KPIs, by what came since",
    "outcome": "Outcomes, by what came since",
    "funnel": "From stage to stage",
    "voices": "What people say",
    "scores": "Scores",
    "behaviours": "Behaviours",
    "effects": "Effects of touchpoints",
}
COLUMNS = {"what": "What", "before": "Before", "new": "New", "n before": "n before", "n new": "n new", "difference": "Difference",
           "95 % interval": "95 % interval", "q": "q", "moved": "Moved"}  # fmt: skip
DECISIONS = {"kind": "Of", "name": "Name", "before": "Before", "now": "Now", "because": "Why"}


def comparison_page(comparison: Comparison, old: Reading, new: Reading) -> str:
    """A page that says what moved between two runs: sentences, KPIs against goals, then a table a kind of figure.

    Returns
    -------
    str
        HTML that asks no network.
    """
    body = [f"<h1>What moved between two runs of {escape(new.title or new.study)}?</h1>"]
    body.append(f'<ul class="finding">{"".join(f"<li>{escape(line)}</li>" for line in comparison.lines())}</ul>')
    if comparison.table["p_value"].notna().any():
        body.append(figure(comparison.plot()))
    if len(comparison.goals):
        heads = {"goal": "Goal", "kpi": "What is measured", "target": "Target", "before": "Before (95 % interval)",
                 "status_before": "Status before", "now": "Now (95 % interval)", "status": "Status now"}  # fmt: skip
        body.append("<h2>KPIs against their goals</h2>")
        body.append(
            html.table(comparison.goals, "KPIs against goals in both runs, of all customers so far", columns=heads)
        )
    if len(comparison.words):
        body.append("<h2>Verdicts and decisions that changed</h2>")
        body.append(html.table(comparison.words, "Verdicts, decisions and statuses that changed", columns=DECISIONS))
    moved = comparison.moved
    for kind in KINDS:
        of_kind = comparison.table["kind"] == kind
        if not of_kind.any():
            continue
        body.append(f"<h2>{HEADINGS[kind]}</h2>")
        if (of_kind & moved).any():
            body.append(_differences(comparison.table[of_kind & moved], f"{HEADINGS[kind]}: what moved"))
        if still := int((of_kind & ~moved).sum()):
            table = _differences(comparison.table[of_kind & ~moved], f"{HEADINGS[kind]}: what did not move")
            counted = f"{text.count(still)} of {text.count(of_kind.sum())}"
            body.append(f"<details><summary>What did not move: {counted}</summary>{table}</details>")
    body.append(html.assumptions(comparison.method, comparison.assumptions))
    footer = facts([("Earlier run", f"{old.name} ({old.created[:16].replace('T', ' ')} UTC)"),
                    ("Later run", f"{new.name} ({new.created[:16].replace('T', ' ')} UTC)")])  # fmt: skip
    return _bind("compare", "What moved", new.title or new.study, body, footer)


def _differences(rows: pd.DataFrame, caption: str) -> str:
    return html.table(show(rows).drop(columns="kind"), caption)


def trend_page(found: Trend, study: str, title: str) -> str:
    """A page of small multiples over the good runs of a study, each kind with its data as a table under it."""
    body = [
        f"<h1>How did {escape(title or study)} go from run to run?</h1>",
        f'<p class="finding">{escape(found.summary())}</p>',
    ]
    for kind, heading in SHOWN.items():
        rows = found.table[found.table["kind"] == kind]
        if rows.empty:
            continue
        body.append(f"<h2>{heading}</h2>{figure(found.plot(kind=kind))}")
        body.append(html.table(_written(rows), f"{heading}: the data of the figure"))
    if len(found.left_out):
        heads = {"run": "Run", "file": "File", "reason": "Why"}
        body.append(f"<h2>Left out</h2>{html.table(found.left_out, 'Runs that are left out', columns=heads)}")
    body.append(html.assumptions(found.method, found.assumptions))
    runs = list(dict.fromkeys(found.table["run"]))
    return _bind("trend", "Trend", title or study, body, facts([("Runs", ", ".join(runs))]))


def _written(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a trend in their units."""
    lines = []
    order = {name: place for place, name in enumerate(dict.fromkeys(rows["name"]))}
    for row in rows.sort_values("name", key=lambda names: names.map(order), kind="stable").itertuples(index=False):
        style = "number" if row.unit == "number" else "percent"
        write = text.number if row.unit == "number" else text.percent
        lines.append((row.name, text.moment(row.created), write(row.value), text.interval(row.ci_low, row.ci_high, style),
                      row.n, write(row.target)))  # fmt: skip
    return pd.DataFrame(lines, columns=["what", "run (UTC)", "value", "95 % interval", "n", "goal"])


def figure(ax: Axes) -> str:
    """A figure as a picture in the page, with its alt text and, as caption, its title."""
    data = figures.png(ax)
    width, height = struct.unpack(">II", data[16:24])
    return (
        f'<figure><img src="data:image/png;base64,{base64.b64encode(data).decode()}" alt="{escape(figures.alt_text(ax))}" '
        f'width="{width * 2 // 3}" height="{height * 2 // 3}"><figcaption>{escape(figures.caption(ax))}</figcaption></figure>'
    )


def _bind(stem: str, title: str, study: str, body: list[str], footer: str) -> str:
    return page(
        stem=stem, title=title, study=study, links=[Link("#main", title, True)], body="".join(body), footer=footer
    )
