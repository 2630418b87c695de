"""Do journeylab, pm4py and retentioneering find the same in one log? Where definitions agree the numbers must be equal.

    PYTHONPATH=$PWD peers/bin/python benchmarks/equality.py [FILE]

Runs in the environment of the peers; without FILE on 100,000 made-up events, and on the same events by the minute, where
a quarter of the steps has no time between. Prints a line for each thing compared and for each definition that differs, and
asks the peers anew for the figures that tests/journeys/recorded.py holds.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

os.environ["RETENTIONEERING_NO_TRACK"] = "1"
sys.path.insert(0, str(Path(__file__).parent / "tasks"))

import clickstream
import pandas as pd
import pm4py
from load_pm4py import load as load_log
from load_retentioneering import SCHEMA
from load_retentioneering import load as load_stream
from pm4py.algo.discovery.dfg.adapters.pandas.freq_triples import get_freq_triples
from retentioneering import Eventstream
from retentioneering.exceptions import RetentioneeringError
from shared import LENGTH, MINUTES, STEPS

from journeylab import journeys
from journeylab.journeys import Journeys
from tests.journeys import recorded

ENDS = ["path_start", "path_end"]


def same(what: str, ours: object, theirs: object) -> None:
    """Say that two are the same, or stop."""
    if ours != theirs:
        raise SystemExit(f"NOT equal: {what}: {str(ours)[:300]} and {str(theirs)[:300]}")
    print(f"equal: {what}")


def near(what: str, ours: Mapping, theirs: Mapping, within: float = 1e-9) -> None:
    """Say that two have the same keys and nearly the same numbers, or stop."""
    if set(ours) != set(theirs):
        raise SystemExit(f"NOT equal: {what}: {set(ours) ^ set(theirs)} are in one only")
    worst = max(abs(ours[key] - theirs[key]) for key in ours)
    if worst > within:
        raise SystemExit(f"NOT equal: {what}: up to {worst} apart")
    print(f"equal: {what}")


def pairs(j: Journeys) -> pd.DataFrame:
    """Transitions by pair."""
    return journeys.transitions(j).table.set_index(["from_touchpoint", "to_touchpoint"])


def cells(matrix: pd.DataFrame) -> pd.Series:
    """The cells of a matrix of retentioneering that are not nothing, without the ends of paths."""
    inside = matrix.drop(index=ENDS).drop(columns=ENDS).stack()
    return inside[inside.notna() & (inside != type(inside.iloc[0])(0))]


def against_pm4py(j: Journeys, log: pd.DataFrame) -> None:
    """Hold journeys against pm4py."""
    ours = pairs(j)
    graph, starts, ends = pm4py.discover_dfg(log)
    same("transition counts, pm4py's directly-follows graph", ours["n"].to_dict(), dict(graph))
    times = pm4py.discover_performance_dfg(log)[0]
    medians = {pair: each["median"] for pair, each in times.items()}
    near("median seconds of a transition, pm4py's performance graph", ours["median_seconds"].to_dict(), medians)
    edges = journeys.entries_and_exits(j).table.set_index("touchpoint")
    same("first touchpoints, pm4py's start activities", counted(edges["entries"]), dict(starts))
    same("last touchpoints, pm4py's end activities", counted(edges["exits"]), dict(ends))
    paths = journeys.path_table(j).table
    same(
        "distinct journeys, pm4py's variants",
        dict(zip(paths["path"], paths["n"], strict=True)),
        pm4py.get_variants(log),
    )
    stretches = journeys.subpaths(j, 3).table
    triples = stretches[stretches["subpath"].str.len() == 3]
    same(
        "stretches of three, pm4py's triples", triples.set_index("subpath")["n"].to_dict(), dict(get_freq_triples(log))
    )


def counted(column: pd.Series) -> dict[str, int]:
    """What occurs at all."""
    return column[column > 0].to_dict()


def against_retentioneering(j: Journeys, visits: Journeys, stream: Eventstream, *, whole_seconds: bool) -> None:
    """Hold journeys against retentioneering."""
    ours = pairs(j)
    same(
        "transition counts, retentioneering's matrix",
        ours["n"].to_dict(),
        cells(stream.transition_graph_data("count")).to_dict(),
    )
    unique = cells(stream.transition_graph_data("unique_paths"))
    same("customers of a transition, retentioneering's unique paths", ours["customers"].to_dict(), unique.to_dict())
    medians = stream.transition_graph_data("time_median").drop(index=ENDS).drop(columns=ENDS).stack().dropna()
    what = "median seconds of a transition, retentioneering's time_median"
    slack = 1e-9 if whole_seconds else 1
    near(
        what + ("" if whole_seconds else ", within a second"),
        ours["median_seconds"].to_dict(),
        medians.dt.total_seconds().to_dict(),
        slack,
    )
    matrix = stream.step_matrix_data(max_steps=LENGTH).drop(index=ENDS)[range(1, LENGTH + 1)]
    near("step matrix", journeys.step_matrix(j, LENGTH).table.stack().to_dict(), matrix.stack().to_dict())
    funnel, steps = journeys.funnel(j, STEPS).table, stream.funnel_data(STEPS)["steps"]
    same("funnel counts", funnel["n"].tolist(), [step["unique_paths"] for step in steps])
    same(
        "funnel, share of the step before",
        funnel["share_of_previous"].tolist()[1:],
        [step["step_conversion_rate"] for step in steps[1:]],
    )
    split = stream.split_sessions(timeout=f"{MINUTES}m")
    same("visits, retentioneering's sessions", visits.n_journeys, split.df["session_id"].nunique())
    inside = cells(split.transition_graph_data("count", path_col="session_id"))
    same("transition counts within visits", pairs(visits)["n"].to_dict(), inside.to_dict())


def differ(j: Journeys, stream: Eventstream, events: pd.DataFrame) -> None:
    """Show where definitions differ, each by its own numbers."""
    ours = pairs(j)
    theirs = cells(stream.transition_graph_data("proba_out"))
    ends = journeys.entries_and_exits(j).table.set_index("touchpoint")["exits"]
    away = ours.groupby(level=0)["n"].sum()
    rescaled = ours["share"] * (away / (away + ends.reindex(away.index))).reindex(ours.index, level=0)
    near(
        "share of a transition times the share of meetings that are not the last", rescaled.to_dict(), theirs.to_dict()
    )
    print(
        "differs: share of a transition: retentioneering counts the end of a path as a step, journeylab only steps to a touchpoint"
    )
    matrix = stream.step_matrix_data(max_steps=LENGTH)
    near("columns of retentioneering's step matrix", matrix.sum().to_dict(), dict.fromkeys(matrix, 1.0))
    print("differs: step matrix: retentioneering adds step 0 and rows for starts and ends, so that columns add up to 1; "
          "journeylab's add up to the share of journeys that are so long")  # fmt: skip
    step = stream.funnel_data(STEPS)["steps"][0]
    near(
        "the first step's conversion_rate and who meets it",
        {0: step["unique_paths"] / j.n_journeys},
        {0: step["conversion_rate"]},
    )
    print(
        "differs: funnel: retentioneering's conversion_rate is of all paths, journeylab's share_of_first of those at the first step"
    )
    print("differs: time of a transition: retentioneering counts whole seconds, pm4py and journeylab microseconds")
    broken = events.head(1_000).copy()
    broken.loc[broken.index[:7], "customer_id"] = None
    kept = journeys.build(broken).report
    same("events without a customer that journeylab drops and counts", 7, kept["dropped"]["no_customer"])
    try:
        Eventstream(broken, dict(SCHEMA))
    except RetentioneeringError:
        print("differs: events without a customer: retentioneering refuses the log, journeylab drops and counts them")
    log = pm4py.format_dataframe(broken, case_id="customer_id", activity_key="touchpoint", timestamp_key="event_time")
    print(f"differs: events without a customer: pm4py keeps {len(log):,} of 1,000 and warns without a count")
    print("differs: visits: pm4py has none by a gap of time; a case is what the log calls one")
    print("differs: stretches of journeys: retentioneering has no count of them")
    print("differs: uncertainty: neither peer gives intervals; journeylab's are clustered by customer")


def compare(path: Path, *, whole_seconds: bool) -> None:
    """Compare on one file."""
    j, visits = journeys.build(path), journeys.build(path, by="session", gap=f"{MINUTES}min")
    print(f"\n{j}, {j.report['ties']:,} ties in time")
    stream = load_stream(str(path), split=False)
    against_pm4py(j, load_log(str(path)))
    against_retentioneering(j, visits, stream, whole_seconds=whole_seconds)
    if not whole_seconds:
        differ(j, stream, pd.read_parquet(path))


def again() -> None:
    """Ask the peers for what tests/journeys/recorded.py says that they found."""
    print("\nthe recorded figures")
    events = recorded.log()
    log = pm4py.format_dataframe(events, case_id="customer_id", activity_key="touchpoint", timestamp_key="event_time")
    stream = Eventstream(events, dict(SCHEMA))
    split = stream.split_sessions(timeout=f"{MINUTES}m")
    graph, starts, ends = pm4py.discover_dfg(log)
    times = pm4py.discover_performance_dfg(log)[0]
    unique = cells(stream.transition_graph_data("unique_paths"))
    transitions = {pair: (n, unique[pair], times[pair]["median"]) for pair, n in graph.items()}
    same("recorded transitions", recorded.TRANSITIONS, transitions)
    same("recorded first and last touchpoints", (recorded.FIRST, recorded.LAST), (dict(starts), dict(ends)))
    variants, triples = pm4py.get_variants(log), get_freq_triples(log)
    same("recorded variants", recorded.VARIANTS, (len(variants), {path: n for path, n in variants.items() if n > 1}))
    often = {triple: n for triple, n in triples.items() if n > 2}
    same("recorded triples", recorded.TRIPLES, (len(triples), sum(triples.values()), often))
    matrix = stream.step_matrix_data(max_steps=recorded.LENGTH).drop(index=ENDS)[range(1, recorded.LENGTH + 1)]
    counts = (matrix * events["customer_id"].nunique()).round().astype(int)
    same("recorded step matrix", recorded.STEP_MATRIX, dict(zip(counts.index, counts.to_numpy().tolist(), strict=True)))
    steps = stream.funnel_data(recorded.STEPS)["steps"]
    same("recorded funnel", recorded.FUNNEL, [step["unique_paths"] for step in steps])
    same("recorded visits", recorded.VISITS, split.df["session_id"].nunique())
    within = cells(split.transition_graph_data("count", path_col="session_id"))
    same("recorded steps within visits", recorded.WITHIN_VISITS, within.to_dict())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        compare(Path(sys.argv[1]), whole_seconds=False)
    else:
        with tempfile.TemporaryDirectory() as folder:
            plain, tied = Path(folder) / "plain.parquet", Path(folder) / "tied.parquet"
            clickstream.write(100_000, plain)
            events = pd.read_parquet(plain)
            events.assign(event_time=events["event_time"].dt.floor("min")).to_parquet(tied)
            compare(plain, whole_seconds=False)
            compare(tied, whole_seconds=True)
        again()
