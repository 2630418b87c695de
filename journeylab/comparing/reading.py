"""What does a run say that another can be held against? Its results as figures, verdicts and the days of its data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journeylab.comparing.stored import check_basis, read_json, read_references, read_rows, read_table, written_by
from journeylab.errors import DataError

KINDS = ("KPI", "outcome", "funnel", "voices", "scores", "behaviours", "effects")
"""What is compared, in the order in which it is told."""

TABLES = ("goals", "settled", "prevalence", "scores", "effects", "decisions", "experiments", "changes", "dropoff")
"""The results whose rows are read."""

SINCE = "since_last"
"""The name under which a run saves how it compares with the last good one."""

Key = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Figure:
    """One number of a run.

    Attributes
    ----------
    kind, name : str
        By which it is found again in another run; kinds are `KINDS`.
    label : str
        For readers.
    value, low, high, n : float
        Estimate, 95 % interval, and how many stand behind it.
    k : float or None
        Of the n have it, where the number is a share of them; then the interval is not used.
    unit : str
        ``share``, ``number``, or ``effect`` (a difference of shares).
    better : str
        ``higher``, ``lower``, or empty where it is not known.
    source : str
        ``customers``, ``responses`` or ``interviews``.
    settled : bool
        Whether each person's part in it stays what it is when more data come. Else only independent data can be compared.
    modelled : bool
        Whether a model of the whole data gave it, so that old customers count anew in each run.
    within : str
        The time that each customer gets, where it is fixed; else empty.
    followed : float
        How many customers were seen for that long, whether or not they came so far; NaN where it is not known.
    """

    kind: str
    name: str
    label: str
    value: float
    low: float
    high: float
    n: float
    k: float | None
    unit: str
    better: str
    source: str
    settled: bool = True
    modelled: bool = False
    within: str = ""
    followed: float = np.nan

    @property
    def key(self) -> Key:
        """Kind and name."""
        return self.kind, self.name


@dataclasses.dataclass(frozen=True)
class Word:
    """One verdict, decision or status of a run, and the p-value of the estimate on which it rests (NaN where it has none)."""

    kind: str
    name: str
    word: str
    p_value: float = np.nan


@dataclasses.dataclass(frozen=True)
class Reading:
    """A run, read.

    Attributes
    ----------
    name, created, study, title : str
    figures : dict of key to Figure
    words : dict of key to Word
    codes : dict of str to dict
        The rows of the table of codes, by path.
    basis : dict
        Days of the data and marks, a source; empty for runs of older versions.
    model : dict or None
        The stored model of behaviours.
    goals : list of dict
        The rows of the table of goals.
    parameters : dict
        Of the notebooks, and the hash of study.toml.
    inputs : tuple of str
        Hashes of the input files but study.toml, from run.json.
    references : dict of str to list
        ``KIND|NAME`` to the counts (k or mean, n) before a change that was told of: see `Comparison.references`.
    locale : str or None
        By which the run writes numbers; None for runs of older versions, which do not say.
    """

    name: str
    created: str
    study: str
    title: str
    figures: dict[Key, Figure]
    words: dict[Key, Word]
    codes: dict[str, dict[str, Any]]
    basis: dict[str, Any]
    model: dict[str, Any] | None
    goals: list[dict[str, Any]]
    parameters: dict[str, Any]
    inputs: tuple[str, ...]
    references: dict[str, list[float]]
    locale: str | None = None


def read_run(folder: Path) -> Reading:
    """Read a run's folder.

    Raises
    ------
    DataError
        When it is no run, or one of its files is missing or damaged.
    """
    file = folder / "run.json"
    record = read_json(file)
    if record is None and not file.is_file():
        raise DataError(f"{folder}: is no run of journeylab: it has no run.json. `journeylab reports` lists the runs.")
    if not isinstance(record, dict):
        raise DataError(f"{file}: cannot be read: it is not the record of a run; compare another run.")
    inputs, parameters = record.get("inputs", []), record.get("parameters", {})
    if not (
        isinstance(inputs, list)
        and all(isinstance(item, dict) and isinstance(item.get("sha256", ""), str) for item in inputs)
        and isinstance(parameters, dict)
    ):
        raise DataError(
            f"{file}: cannot be read: its inputs or parameters are not what a run writes; compare another run."
        )
    if not isinstance(record.get("locale", ""), str):
        raise DataError(f"{file}: cannot be read: locale is {record['locale']!r}, not text; compare another run.")
    return read_results(folder / "results", name=folder.resolve().name, record=record)


def read_results(folder: Path, *, name: str = "", record: Mapping[str, Any] | None = None) -> Reading:
    """Read the results of a run, also of one that is not finished.

    Parameters
    ----------
    folder : Path
        With ``goals.json``, ``scores.json`` ...; what the run never wrote is not compared.
    record : mapping, optional
        The content of its run.json.

    Raises
    ------
    DataError
        When a result that a notebook of the run wrote is missing, or one cannot be read; names file, row and reason.
    """
    wrote = written_by(folder)
    rows = {part: read_rows(folder / f"{part}.json", wrote) for part in TABLES}
    record = record or {}
    basis, model, since = (read_table(folder / f"{part}.json", wrote) for part in ("basis", "behaviour_model", SINCE))
    check_basis(folder / "basis.json", basis)
    toml = [item.get("sha256") for item in record.get("inputs", []) if item.get("source") == "study.toml"]
    try:
        figures = [*_kpis(rows), *_funnel(rows), *_voices(rows), *_scores(rows), *_effects(rows)]
        words = list(_words(rows))
        codes = {str(row["path"]): row for row in rows["prevalence"]}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(
            f"{folder}: a result does not have the columns that this version compares ({error}); run the study again."
        ) from None
    return Reading(
        name,
        str(record.get("created", "")),
        str(record.get("study", "")),
        str(record.get("title", "")),
        {figure.key: figure for figure in figures},
        {(word.kind, word.name): word for word in words},
        codes,
        basis or {},
        model,
        rows["goals"],
        {"study.toml": toml, **record.get("parameters", {})},
        tuple(
            sorted(item.get("sha256", "") for item in record.get("inputs", []) if item.get("source") != "study.toml")
        ),
        read_references(folder / f"{SINCE}.json", since),
        record.get("locale"),
    )


def require_one_study(*runs: Reading) -> None:
    """Raise `DataError` for runs of different studies; results that are not yet a run name none."""
    named = {run.study: run.name for run in reversed(runs) if run.study}
    if len(named) > 1:
        (study, name), (other, its) = list(named.items())[:2]
        raise DataError(
            f"the runs are of different studies: {its} of '{other}', {name} of '{study}'. Compare runs of one study."
        )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan


Rows = dict[str, list[dict[str, Any]]]


def _kpis(rows: Rows) -> Iterator[Figure]:
    """KPIs: settled counts where the run has them, else as they stand."""
    settled = {row["name"]: row for row in rows["settled"] if row["kind"] == "KPI"}
    for row in rows["goals"]:
        name = str(row["goal"])
        if row["status"] == "unknown" or row["value"] is None:
            continue
        if name in settled:
            yield _settled(settled[name])
            continue
        share = row["unit"] == "share"
        n, value = float(row["n"]), float(row["value"])
        source = "customers" if share else "responses"
        yield Figure("KPI", name, str(row["kpi"]), value, _number(row["ci_low"]), _number(row["ci_high"]), n,
                     round(value * n) if share else None, "share" if share else "number", "higher", source,
                     settled=not share)  # fmt: skip


def _funnel(rows: Rows) -> Iterator[Figure]:
    """Outcomes, and steps from stage to stage: settled counts, else the shares that went on as page 06 shows them."""
    yield from (_settled(row) for row in rows["settled"] if row["kind"] == "outcome")
    settled = [row for row in rows["settled"] if row["kind"] == "funnel"]
    yield from map(_settled, settled)
    if settled:
        return
    for row in rows["dropoff"]:
        if row.get("counts") and row["n"]:
            went, n = float(row["n"] - row["left"]), float(row["n"])
            yield Figure("funnel", str(row["stage"]), f"go on from {row['stage']}", went / n, np.nan, np.nan, n, went,
                         "share", "higher", "customers", settled=False)  # fmt: skip


def _settled(row: Mapping[str, Any]) -> Figure:
    k, n = float(row["k"]), float(row["n"])
    value = k / n if n else np.nan
    within = str(row.get("within") or "")
    if within and not pd.Timedelta(within) > pd.Timedelta(0):
        raise ValueError(f"within is {within!r}, no time")
    return Figure(str(row["kind"]), str(row["name"]), str(row["label"]), value, _number(row["ci_low"]),
                  _number(row["ci_high"]), n, k, "share", str(row["better"]), "customers", within=within,
                  followed=_number(row.get("followed")))  # fmt: skip


def _voices(rows: Rows) -> Iterator[Figure]:
    """Codes, by how many people named them."""
    for row in rows["prevalence"]:
        if row["n"]:
            path = str(row["path"])
            yield Figure("voices", path, path.replace("/", ": "), _number(row["share"]), _number(row["ci_low"]),
                         _number(row["ci_high"]), float(row["n"]), float(row["k"]), "share", side(row),
                         "interviews")  # fmt: skip


def side(row: Mapping[str, Any]) -> str:
    """Whether fewer people with a code are better: of pains yes, of gains no, of others it is not known."""
    valence = row.get("valence")
    if isinstance(valence, (int, float)) and valence:
        return "lower" if valence < 0 else "higher"
    root = str(row["path"]).split("/")[0].lower()
    return {"pain": "lower", "pains": "lower", "gain": "higher", "gains": "higher"}.get(root, "")


def _scores(rows: Rows) -> Iterator[Figure]:
    """Scores of surveys, as a whole and by touchpoint."""
    for row in rows["scores"]:
        if row["value"] is None or row["ci_low"] is None:
            continue
        name = str(row["instrument"]) if row["group"] == "all" else f"{row['instrument']}, {row['group']}"
        share = row["unit"] == "share"
        n, value = float(row["n"]), float(row["value"])
        yield Figure("scores", name, name, value, float(row["ci_low"]), float(row["ci_high"]), n,
                     round(value * n) if share else None, "share" if share else "number", str(row["better"] or ""),
                     "responses")  # fmt: skip


def _effects(rows: Rows) -> Iterator[Figure]:
    """Effects of touchpoints."""
    for row in rows["effects"]:
        if row["estimate"] is not None and row["ci_low"] is not None:
            name = str(row["touchpoint"])
            yield Figure("effects", name, f"effect of {name}", float(row["estimate"]), float(row["ci_low"]),
                         float(row["ci_high"]), float(row["n_eligible"]), None, "effect", "higher", "customers",
                         settled=False, modelled=True)  # fmt: skip


def _words(rows: Rows) -> Iterator[Word]:
    """Statuses, decisions and verdicts."""
    for row in rows["goals"]:
        yield Word("goal", str(row["goal"]), str(row["status"]))
    for row in rows["decisions"]:
        yield Word("decision", str(row["touchpoint"]), str(row["decision"]))
    for row in rows["effects"]:
        yield Word("verdict", str(row["touchpoint"]), str(row["verdict"]), _number(row.get("p_value")))
    for row in rows["experiments"]:
        if row.get("grade") == "A":
            yield Word("test", f"{row['experiment']}: {row['arm']}", str(row["verdict"]), _number(row.get("p_value")))
    for row in rows["changes"]:
        yield Word("change", str(row["description"]), str(row["verdict"]), _number(row.get("p_value")))
