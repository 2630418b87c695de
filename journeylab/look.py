"""What a study and its journeys look like in a notebook cell: short, and every word of the data escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import html, text
from journeylab.errors import JourneylabError

if TYPE_CHECKING:
    from journeylab.journeys import Journeys
    from journeylab.study import Study

MOST = 8
"""Touchpoints that stand in a cell."""


def at_study(study: Study) -> str:
    """Title, what was read and dropped, stages, outcomes, and what is missing; reads the sources."""
    from journeylab.check import unanswered

    outcomes = [f"{outcome.name} ('{outcome.touchpoint}')" for outcome in study.config.outcomes]
    parts = [
        f"<p><strong>{html.escape(study.title)}</strong> ({html.escape(study.name)})</p>",
        _line("Stages", " → ".join(study.stages)),
        _line("Outcomes", ", ".join(outcomes) or "none; add [[outcomes]] to study.toml"),
    ]
    try:
        reports, gaps = study.reports, unanswered(study)
    except JourneylabError as error:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in str(error).splitlines())
        return "".join(parts) + f"<p>The sources cannot be read yet:</p><ul>{lines}</ul>"
    read = [(one.source, one.table, one.n_read, one.n_kept, one.n_dropped) for one in reports.values()]
    if read:
        frame = pd.DataFrame(read, columns=["source", "table", "rows_read", "kept", "dropped"])
        parts.append(html.table(frame, "What was read"))
    if gaps:
        parts.append(f"<p>What is missing:</p><ul>{''.join(f'<li>{html.escape(gap)}</li>' for gap in gaps)}</ul>")
    return "".join(parts)


def at_journeys(j: Journeys) -> str:
    """How many, when, and the touchpoints met most."""
    one = "customer" if j.by == "customer" else "visit"
    said = (
        f"{text.count(j.n_journeys)} journeys (one a {one}) of {text.count(j.n_customers)} customers, "
        f"{text.count(j.n_events)} events at "
        f"{len(j.touchpoints)} touchpoints"
    )
    if not j.n_events:
        return f"<p>{html.escape(said)}.</p>"
    span = f"from {text.date(pd.Timestamp(j.times.min()))} to {text.date(pd.Timestamp(j.times.max()))} (UTC)"
    counts = np.bincount(j.codes, minlength=len(j.touchpoints))
    top = np.argsort(-counts, kind="stable")[:MOST]
    frame = pd.DataFrame(
        {
            "touchpoint": [j.touchpoints[code] for code in top],
            "events": counts[top],
            "share_of_events": counts[top] / j.n_events,
        }
    )
    caption = "Touchpoints" if len(j.touchpoints) <= MOST else f"The {MOST} touchpoints met most"
    return f"<p>{html.escape(said)}, {span}.</p>{html.table(frame, caption)}"


def _line(name: str, words: str) -> str:
    return f"<p>{name}: {html.escape(words)}</p>"
