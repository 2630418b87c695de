"""Results of a run as they lie on disk: read whole, or refused with file, row and reason; never half."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journeylab.errors import DataError

COUNTS = ("n", "k", "left", "n_eligible", "followed")
"""Columns of numbers of people."""

NUMBERS = ("value", "target", "ci_low", "ci_high")
"""Columns of numbers that are written in reports."""

LARGEST = 1e15
"""No count and no mean is larger; what is cannot be counted with."""

AGAIN = "the run is damaged: run the study again, or compare another run"


def read_json(file: Path) -> Any:
    """The content of a file, or None where there is none."""
    if not file.is_file():
        return None
    try:
        text = file.read_text(encoding="utf-8")
        found = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(found, ensure_ascii=False).encode()  # half of a sign could not be written again
        return found
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file}: cannot be read as JSON: {error}; {AGAIN}.") from None


def written_by(folder: Path) -> frozenset[str]:
    """The results that the notebooks of a run noted to have written; none for runs of older versions."""
    try:
        notes = [file.read_text(encoding="utf-8").split("\n") for file in sorted(folder.glob(".*.wrote"))]
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: what its notebooks wrote cannot be read ({error}); {AGAIN}.") from None
    return frozenset(name for names in notes for name in names)


def read_table(file: Path, wrote: frozenset[str]) -> dict[str, Any] | None:
    """The content of a result, or None where the run never wrote it."""
    content = read_json(file)
    if content is None and not file.is_file():
        if file.name in wrote:
            raise DataError(f"{file}: is missing, though a notebook of the run wrote it; {AGAIN}.")
        return None
    if not isinstance(content, dict):
        raise DataError(f"{file}: is no result: found {_short(content)}, expected an object; {AGAIN}.")
    return content


def read_rows(file: Path, wrote: frozenset[str]) -> list[dict[str, Any]]:
    """The rows of a result's table, every one of them fit to be counted with."""
    content = read_table(file, wrote)
    if content is None:
        return []
    table = content.get("table")
    if not isinstance(table, list):
        raise DataError(f"{file}: table: found {_short(table)}, expected a list of rows; {AGAIN}.")
    for position, row in enumerate(table, start=1):
        where = f"{file}: table row {position}"
        if not isinstance(row, dict):
            raise DataError(f"{where}: found {_short(row)}, expected a row with columns; {AGAIN}.")
        for name, value in row.items():
            if (name in NUMBERS or isinstance(value, (int, float))) and not _is_number(value):
                raise DataError(f"{where}: {name}: found {_short(value)}, expected a number or null; {AGAIN}.")
        for name in COUNTS:
            value = row.get(name)
            if value is not None and not _is_count(value):
                raise DataError(
                    f"{where}: {name}: found {_short(value)}, expected a number of people, 0 or more; {AGAIN}."
                )
        k, n = row.get("k"), row.get("n")
        if k is not None and n is not None and k > n:
            raise DataError(f"{where}: k: found {k} of n = {n}, expected at most n; {AGAIN}.")
    return table


def _is_number(value: Any) -> bool:
    """Whether a value is missing, a truth, or a number that can be written."""
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63)


def check_basis(file: Path, basis: Mapping[str, Any] | None) -> None:
    """Refuse days that are no counts."""
    for source, part in (basis or {}).items():
        days = part.get("days") if isinstance(part, dict) else None
        if isinstance(part, dict) and not days:
            continue
        if not isinstance(days, dict) or not all(_is_count(n) for n in days.values()):
            raise DataError(f"{file}: {source}: days are not numbers of people, 0 or more; {AGAIN}.")


def read_references(file: Path, since: Mapping[str, Any] | None) -> dict[str, list[float]]:
    """The counts before a change that was told of."""
    found = (since or {}).get("references") or {}
    pairs = found.values() if isinstance(found, dict) else [None]
    if not all(isinstance(pair, list) and len(pair) == 2 and all(map(_is_finite, pair)) for pair in pairs):
        raise DataError(f"{file}: references: found {_short(found)}, expected two numbers each; {AGAIN}.")
    return dict(found)


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST


def _is_count(value: Any) -> bool:
    return _is_finite(value) and value >= 0


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:59]}…"
