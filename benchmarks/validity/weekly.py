"""Do compare and alerts find a change in the week in which it comes, and keep still in the others? Ten simulated weekly runs.

python benchmarks/validity/weekly.py               # the tables of docs/comparing.md: 20 seeds of each world, some minutes
python benchmarks/validity/weekly.py --seeds 3     # a glance
python benchmarks/validity/weekly.py --effects     # also the effects of touchpoints and their verdicts; slow

A study grows by a week of customers, answers and interviews from run to run. Each run opens the study from its files, measures it
with the package's own functions, and saves what the notebooks would save; then it is held against the run before.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import journeylab as jl
from journeylab import findings, journeymap, voices
from journeylab.comparing import Comparison, compare, raise_alerts, read_results
from journeylab.config import Alert
from journeylab.findings.horizons import stored_horizons
from journeylab.results import Result, plain

WEEKS, PLANTED = 10, 6
CUSTOMERS, ANSWERS, INTERVIEWS = 1000, 100, 8
"""Of each week."""

WORLDS = ("nothing", "drop-off", "new pain", "score", "both ways")
"""What changes in week 6; in the last one fewer go from decision to purchase, and the score falls."""

STEPS = {"home": "awareness", "look": "consideration", "cart": "decision", "order": "purchase", "review": "evaluation"}
GO_ON = (0.85, 0.60, 0.45, 0.40)
WORSE = 0.28
"""Of those who come to the cart this many order from week 6 on, before 45 %."""

CODES = {
    "Pain/Late": 0.40,
    "Pain/Phone": 0.25,
    "Pain/Price": 0.15,
    "Pain/Rare": 0.05,
    "Gain/Design": 0.50,
    "Gain/Staff": 0.30,
}
NEW_PAIN, NEW_SHARE = "Pain/App crashes", 0.60
SCORE, SCORE_AFTER = 5.2, 4.3

RULES = [Alert(when="kpi_below_goal"), Alert(when="kpi_worse"), Alert(when="outcome_worse"), Alert(when="drop_off_worse"),
         Alert(when="score_worse"), Alert(when="new_pain_code", participants=3), Alert(when="verdict_changed")]  # fmt: skip
TRUE = {
    "nothing": set(),
    "drop-off": {"decision to purchase", "order"},
    "new pain": {NEW_PAIN},
    "score": {"ces", "ces, who agree", "easy"},
    "both ways": {"decision to purchase", "order", "ces", "ces, who agree", "easy"},
}  # fmt: skip
"""What each planted change may be told by."""

START = pd.Timestamp("2026-01-05", tz="UTC")
DAY = pd.Timedelta(days=1)

TOML = """
[study]
name = "weekly"
title = "Ten weeks"
{stages}
{touchpoints}
[events]
path = "events.csv"
[[outcomes]]
name = "order"
touchpoint = "order"
[goals.order]
kpi = "share of customers who order"
target = 0.15
outcome = "order"
[goals.easy]
kpi = "how easy it was"
target = 4.9
score = "ces"
[surveys.ces]
path = "ces.csv"
scale_min = 1
scale_max = 7
[surveys.nps]
path = "nps.csv"
scale_min = 0
scale_max = 10
[interviews]
path = "codings.csv"
[interviews.codebook]
path = "codebook.csv"
[interviews.documents]
path = "documents.csv"
"""


def live(
    seed: int, world: str, *, customers: int = CUSTOMERS, worse: float = WORSE, interviews: int = INTERVIEWS
) -> dict[str, pd.DataFrame]:
    """Ten weeks of events, answers and interviews, with the planted change from week 6 on."""
    rng = np.random.default_rng([seed, WORLDS.index(world)])
    n = WEEKS * customers
    at = rng.uniform(0, 7 * WEEKS, n)
    changed = 7.0 * (PLANTED - 1)
    who, rows = np.arange(n), [(np.arange(n), at, "home")]
    names = list(STEPS)
    for place, share in enumerate(GO_ON):
        at = at + rng.exponential((0.05, 0.2, 0.6, 2.0)[place], len(who))
        go = np.full(len(who), share)
        if place == 2 and world in {"drop-off", "both ways"}:
            go = np.where(at >= changed, worse, go)
        on = rng.random(len(who)) < go
        who, at = who[on], at[on]
        rows.append((who, at, names[place + 1]))
        if place == 0:
            chat = rng.random(len(who)) < 0.3
            rows.append((who[chat], at[chat] + 0.01, "chat"))
    events = pd.concat([pd.DataFrame({"customer_id": [f"c{i}" for i in who], "day": at, "touchpoint": name})
                        for who, at, name in rows])  # fmt: skip
    answered = rng.uniform(0, 7 * WEEKS, WEEKS * ANSWERS)
    level = np.where((answered >= changed) & (world in {"score", "both ways"}), SCORE_AFTER, SCORE)
    ces = np.clip(np.round(rng.normal(level, 1.4)), 1, 7)
    nps = np.clip(np.round(rng.normal(7.6, 2.0, len(answered))), 0, 10)
    scores = {name: pd.DataFrame({"respondent_id": [f"{name}{i}" for i in range(len(answered))], "day": answered, "score": value})
              for name, value in (("ces", ces), ("nps", nps))}  # fmt: skip
    talks = pd.DataFrame({"document_id": [f"d{i}" for i in range(WEEKS * interviews)]})
    talks["participant_id"] = talks["document_id"].str.replace("d", "p")
    talks["day"] = np.sort(rng.uniform(0, 7 * WEEKS, len(talks)))
    said = []
    for code, share in [*CODES.items(), (NEW_PAIN, NEW_SHARE)]:
        may = talks["day"] >= changed if code == NEW_PAIN and world == "new pain" else code != NEW_PAIN
        names_it = (rng.random(len(talks)) < share) & may
        said.append(talks.loc[names_it, ["document_id", "day"]].assign(code=code, coder="A", text="so they said"))
    return {"events": events, **scores, "documents": talks, "codings": pd.concat(said)}


def write_week(folder: Path, life: dict[str, pd.DataFrame], week: int) -> None:
    """The files of the study as they are after a week."""
    columns = {"events": "event_time", "ces": "response_time", "nps": "response_time", "documents": "collected_at"}
    for name, table in life.items():
        known = table[table["day"] < 7 * week]
        if name in columns:
            stamps = (START + pd.to_timedelta(known["day"], unit="D")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
            known = known.assign(**{columns[name]: stamps})
        known.drop(columns="day").to_csv(folder / f"{name}.csv", index=False)
    codes = pd.DataFrame({"path": [*CODES, NEW_PAIN]})
    codes["valence"] = np.where(codes["path"].str.startswith("Pain"), -0.7, 0.7)
    codes.to_csv(folder / "codebook.csv", index=False)
    stages = "".join(f'[[stages]]\nname = "{stage}"\n' for stage in STEPS.values())
    touchpoints = "".join(f'[[touchpoints]]\nmatch = "{name}"\nstage = "{stage}"\n' for name, stage in STEPS.items())
    touchpoints += '[[touchpoints]]\nmatch = "chat"\nstage = "consideration"\n'
    (folder / "study.toml").write_text(TOML.format(stages=stages, touchpoints=touchpoints), encoding="utf-8")


def measure(folder: Path, to: Path, *, effects: bool = False, last: Path | None = None, within: str = "") -> None:
    """Measure a study as the notebooks do, and save what they save; customers get the time that page 09 takes without a setting."""
    study = jl.open_study(folder)
    said = voices.prevalence(study.codings, study.codes, study.documents, study.participants)
    found: dict[str, Result | dict[str, object]] = {
        "goals": journeymap.measure_goals(study),
        "settled": findings.settled(study, within=within or None, before=horizons(last)),
        "basis": findings.basis(study),
        "prevalence": said,
        "scores": voices.score_table(study.responses),
    }
    if effects:
        found["effects"] = findings.measure_effects(study, window="3d")
    to.mkdir(parents=True)
    for name, result in found.items():
        content = result.to_json() if isinstance(result, Result) else json.dumps(plain(result))
        (to / f"{name}.json").write_text(content, encoding="utf-8")


def horizons(last: Path | None) -> dict[tuple[str, str], str]:
    """The times that the run before took from its data."""
    return stored_horizons(last / "settled.json") if last is not None else {}


def ten_runs(
    seed: int,
    world: str,
    *,
    effects: bool = False,
    within: str = "",
    weeks: range = range(1, WEEKS + 1),
    **life_of: float,
) -> Iterator[dict[str, object]]:
    """Each week's run against the one before: what compare calls clear, and what the alerts tell."""
    life = live(seed, world, **life_of)  # type: ignore[arg-type]
    old, memory = None, {}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for week in weeks:
            write_week(home, life, week)
            results = home / f"results{week}"
            last = home / f"results{week - 1}" if old is not None else None
            measure(home, results, effects=effects, last=last, within=within)
            new = read_results(results, name=f"week {week}", record={"created": f"2026-03-{week:02d}"})
            alerts = raise_alerts(RULES, old, new, memory)
            memory = alerts.memory
            moved: Comparison | None = compare(old, new) if old is not None else None
            if moved is not None:
                (results / "since_last.json").write_text(moved.to_json(), encoding="utf-8")
            told = set() if moved is None else {row.name for row in moved.rows("clear")}
            yield {"seed": seed, "week": week, "compare": told, "alerts": set(alerts.table["subject"])}
            old = read_results(results, name=f"week {week}", record={"created": f"2026-03-{week:02d}"})


def judge(seeds: int, world: str, *, effects: bool = False, within: str = "", **life_of: float) -> dict[str, object]:
    """How often the planted change is named in week 6 or 7, and how many false alarms there are in all other weeks."""
    true = TRUE[world]
    named, falsely, late = {"compare": 0, "alerts": 0}, {"compare": 0, "alerts": 0}, {"compare": 0, "alerts": 0}
    in_six = dict(named)
    for seed in range(seeds):
        runs = list(ten_runs(seed, world, effects=effects, within=within, **life_of))
        for tool in named:
            weeks = {run["week"] for run in runs if run[tool] & true}  # type: ignore[operator]
            named[tool] += bool(weeks & {PLANTED, PLANTED + 1})
            in_six[tool] += PLANTED in weeks
            late[tool] += sum(week > PLANTED + 1 for week in weeks)
            for run in runs:
                wrong = run[tool] - true if run["week"] >= PLANTED else run[tool]  # type: ignore[operator]
                falsely[tool] += len(wrong)
                if wrong:
                    print(f"  {world}, seed {seed}, week {run['week']}: {tool} names {sorted(wrong)}", flush=True)
    row: dict[str, object] = {"changes in week 6": world, "seeds": seeds}
    for tool in named:
        row |= {f"{tool}: named in week 6": in_six[tool] if true else "–",
                f"{tool}: in week 6 or 7": named[tool] if true else "–",
                f"{tool}: told again later": late[tool] if true else "–", f"{tool}: false alarms": falsely[tool]}  # fmt: skip
    print(f"  {world}: done", flush=True)
    return row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="of each week")
    parser.add_argument("--interviews", type=int, default=INTERVIEWS, help="of each week")
    parser.add_argument("--worse", type=float, default=WORSE, help="share that orders from the cart after the change")
    parser.add_argument("--effects", action="store_true")
    parser.add_argument("--within", default="", help="the time that each customer gets; else taken from the data")
    given = parser.parse_args()
    life_of = {"customers": given.customers, "worse": given.worse, "interviews": given.interviews}
    rows = [judge(given.seeds, world, effects=given.effects, within=given.within, **life_of) for world in given.worlds]
    print(pd.DataFrame(rows).set_index("changes in week 6").T.to_string())


if __name__ == "__main__":
    main()
