"""Start a study: a commented study.toml and the folders it speaks of."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from journeylab.errors import StudyError
from journeylab.paths import resolved

STUDY = """# What this study is. Lines that begin with # are comments; take the # away to use a key.
[study]
name = "{name}"                     # names the folder reports/{name}
title = "{title}"
timezone = "UTC"                    # of all times written without one, such as "Europe/Berlin"
# locale = "de_DE"                  # how numbers, dates and money are written
# drop_repeats = true               # the same customer, time and touchpoint again
# keep = 12                         # so many runs stay, and the latest good one
session_gap = "30min"               # a visit ends after so much silence
# leave_out_robots = true           # customers with 100 events or more within an hour
# engine = "spark://local[2]"       # where events are counted, if not in DuckDB here
"""

STAGES = """# The stages of the journey, in order. Without them: awareness, consideration, decision, purchase, evaluation.
# [[stages]]
# name = "consideration"
# goal = "find the product that fits"
# [[stages]]
# name = "purchase"
"""

EVENTS = """# What customers did: one row an event. The left side is ours, the right side is your column.
[events]
path = "raw/events.csv"             # .csv, .csv.gz, .tsv, .parquet, .xlsx; more systems: one [[events]] each
# format = "matomo"                 # exports of ga4, ga360, matomo, snowplow, segment, amplitude, mixpanel, posthog,
#                                   # adobe, klaviyo, zendesk, xes, weblog, or sql: docs/readers.md
[events.columns]
customer_id = "customer_id"
event_time = "event_time"
touchpoint = "touchpoint"
# channel = "channel"
"""

TOUCHPOINTS = """# How raw events are called on the journey; the first match wins and * stands for any text.
# [[touchpoints]]
# match = "/product/*"
# name = "product page"
# stage = "consideration"
# channel = "web"

# [[touchpoints]]
# match = "order*"
# name = "order placed"
# stage = "purchase"

# [[touchpoints]]
# match = "checkout*"
# name = "checkout"
# stage = "purchase"
# required = true                   # no order without it: it can be mended, not removed
"""

LEAVE_OUT = """# Events that are none of a customer's, such as those of the team.
# [[leave_out]]
# reason = "our own people"
# column = "customer_id"
# match = "test-*"
"""

OUTCOMES = """# What counts as success; the first is the main outcome.
# [[outcomes]]
# name = "order"
# touchpoint = "order placed"
"""

GOALS = """# [goals.order]
# kpi = "share of customers who order"
# target = 0.10
# by = 2027-06-30
# outcome = "order"
"""

INTERVIEWS = """# What customers said: one row a coding (document_id, code, coder, text ...).
# [interviews]
# path = "raw/codings.csv"
# [interviews.columns]
# document_id = "interview"
# code = "code"
# text = "quote"
# [interviews.codebook]
# path = "raw/codebook.csv"         # path, stage, touchpoint, valence (-1 pain, 1 gain)
"""

REST = """# [surveys.nps]
# path = "raw/nps.csv"
# scale_min = 0
# scale_max = 10

# Who is who: participant_id, customer_id, link_method, consent_linkage, consent_quotes
# [crosswalk]
# path = "raw/crosswalk.csv"

# Parameters of notebooks, here two groups that page 06 compares.
# [parameters."06_friction"]
# compare = "device"

# The same questions to customers and to interviewed people: respondent_id, recontact, and a column a question
# [screener]
# path = "raw/screener.csv"

# What the interviews suggest, tested on customers who were not interviewed.
# [[hypotheses]]
# statement = "Whoever reads reviews orders"
# touchpoint = "reviews"
# outcome = "order"
# direction = "more"
# registered = 2027-01-31

# A fit of the joint display that the team judges otherwise than the rule.
# [[joint.overrides]]
# level = "stage"
# row = "purchase"
# fit = "expand"
# reason = "printed in the report, so write a whole sentence"

# What somebody should be told of after a run (exit code 4, one line for cron's mail); see docs/comparing.md.
# [[alerts]]
# when = "kpi_below_goal"

[privacy]
minimum_cell = 5                    # smaller groups are not shown in a public report
"""

TEMPLATE = "\n".join((STUDY, STAGES, EVENTS, TOUCHPOINTS, LEAVE_OUT, OUTCOMES, GOALS, INTERVIEWS, REST))

EXAMPLE = """customer_id,event_time,touchpoint
c1,2026-01-05T10:00:00Z,home page
c1,2026-01-05T10:02:00Z,product page
c2,2026-01-06T18:30:00Z,product page
"""


def name_of(folder: Path) -> tuple[str, str]:
    """What a study in this folder is called, and its title."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", resolved(folder).name).strip("-_")[:64] or "study"
    return name, name.replace("-", " ").replace("_", " ").capitalize()


def new_study(folder: str | Path) -> Path:
    """Write a commented study.toml with an example of three events, and the folder for raw data.

    Returns
    -------
    Path
        The study.toml.

    Raises
    ------
    StudyError
        When the folder already has a study.toml, or cannot be made.
    """
    folder = Path(folder)
    file = folder / "study.toml"
    name, title = name_of(folder)
    if os.path.lexists(file):
        raise StudyError(f"{file}: is there already; nothing was changed.")
    events = folder / "raw" / "events.csv"
    if events.is_symlink() and not events.exists():
        raise StudyError(f"{events}: is a link to nothing; remove it. Nothing was changed.")
    begin(file, TEMPLATE.format(name=name, title=title), {} if events.exists() else {events: EXAMPLE})
    return file


def begin(file: Path, text: str, beside: Mapping[Path, Path | str]) -> None:
    """Write a study.toml, the folder ``raw`` and files in it; all of them or none, and through no link.

    Parameters
    ----------
    file : Path
        The study.toml; none may be there.
    text : str
    beside : mapping of Path to Path or str
        What lies in ``raw``: a copy of a file or folder, or a text.

    Raises
    ------
    StudyError
        When something is there already or cannot be written; nothing is changed then.
    """
    raw = file.parent / "raw"
    made = [folder for folder in reversed((raw, *raw.parents)) if not os.path.lexists(folder)]
    try:
        raw.mkdir(parents=True, exist_ok=True)
        for to, source in {file: text, **beside}.items():
            if isinstance(source, Path) and source.is_dir():
                to.mkdir()
                made.append(to)
                shutil.copytree(source, to, dirs_exist_ok=True)
                continue
            with to.open("xb") as stream:  # x: follows no link, not even one to nothing
                made.append(to)
                if isinstance(source, str):
                    stream.write(source.encode("utf-8"))
                else:
                    with source.open("rb") as original:
                        shutil.copyfileobj(original, stream)
    except BaseException as error:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                if not path.is_dir():
                    path.unlink()
                elif path.is_relative_to(raw) and path != raw:
                    shutil.rmtree(path)
                else:
                    path.rmdir()
        if not isinstance(error, OSError):
            raise
        raise StudyError(
            f"{file.parent}: cannot be written: {error.filename or file}: {error.strerror or error}. Nothing was changed."
        ) from None
