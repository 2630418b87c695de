"""What two cells, two tables or two releases tell together: counts that differ by a few are a few people."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from journeylab.errors import ReportError
from journeylab.release.cells import TOTALS
from journeylab.release.grid import Grid
from journeylab.release.judge import BEFORE, ECHO, is_few, sensitive

TABLES = "another table of the release has the same row with a count that differs by less than the minimum"
RELEASES = "an earlier release shows this row with a count that differs by less than the minimum"
MOST = 50_000_000


def echo(grids: Sequence[Grid], minimum: int) -> bool:
    """Hide rows that show what another table hides: the same label with the same count; whether there were any."""
    hidden = hidden_counts(grids, minimum)
    changed = False
    for grid in grids:
        for row in range(len(grid.rows)):
            told = {(label, count.k) for label in _names(grid, row) for count in grid.counts[row].values()}
            if row not in grid.hidden and told & hidden:
                grid.hidden[row] = ECHO
                changed = True
    return changed


def hidden_counts(grids: Sequence[Grid], minimum: int) -> set[tuple[str, int]]:
    """The counts that must not be told anywhere, with the label of their row."""
    found = set()
    for grid in grids:
        columns = sensitive(grid, minimum)
        for row in grid.hidden:
            for column, count in grid.counts[row].items():
                if column in columns and count.k:
                    found |= {(label, count.k) for label in _names(grid, row)}
    return found


def _names(grid: Grid, row: int) -> list[str]:
    """Labels by which a row is known in other tables too."""
    return [
        label.casefold()
        for label in grid.labels[row]
        if any(sign.isalpha() for sign in label) and label.casefold() not in TOTALS
    ][:1]


def across(grids: Sequence[Grid], minimum: int) -> bool:
    """Hide rows of tables of one form whose counts differ by a few from those of an earlier table; whether there were any."""
    seen: dict[tuple[Any, ...], list[tuple[Grid, int]]] = {}
    changed = False
    for grid in grids:
        form = tuple(heading.casefold() for heading in grid.headings)
        for row in range(len(grid.rows)):
            key = (form, tuple(label.casefold() for label in grid.labels[row]))
            for other, line in seen.get(key, []):
                if row not in grid.hidden and line not in other.hidden and other is not grid and _near(
                    other.counts[line], grid.counts[row], minimum
                ):  # fmt: skip
                    grid.hidden[row] = TABLES
                    changed = True
            seen.setdefault(key, []).append((grid, row))
    return changed


def _near(one: dict[int, Any], other: dict[int, Any], minimum: int) -> bool:
    return any(is_few(abs(one[column].k - other[column].k), minimum) for column in one.keys() & other.keys())


def suspects(grids: Iterable[Grid], minimum: int) -> list[str]:
    """Rows of tables of different form that count the same thing by nearly the same number: to be looked at by a person."""
    seen: dict[tuple[str, str], list[tuple[Grid, int, int]]] = {}
    found = []
    for grid in grids:
        for row, counts in enumerate(grid.counts):
            if row in grid.hidden:
                continue
            for column, count in counts.items():
                key = (" ".join(grid.labels[row]).casefold(), grid.headings[column].casefold())
                for other, _, k in seen.get(key, []):
                    if other is not grid and is_few(abs(k - count.k), minimum):
                        found.append(
                            f"{grid.page}: table '{grid.caption[:60]}', row '{grid.name(row)[:40]}', {grid.headings[column]} "
                            f"{count.k:,} differs by {abs(k - count.k)} from {k:,} in {other.page}: '{other.caption[:60]}'"
                        )
                seen.setdefault(key, []).append((grid, row, count.k))
    return sorted(set(found))


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What earlier releases of a study showed, by table and row.

    Attributes
    ----------
    path : Path
        ``releases.json`` beside the runs of the study.
    releases : tuple of dict
        ``sha256`` of the zip, and ``tables``: by key, rows with their counts (None where hidden) and the sums of the columns.
    """

    path: Path
    releases: tuple[dict[str, Any], ...]

    def compare(self, grids: Iterable[Grid], minimum: int) -> bool:
        """Hide rows that together with an earlier release tell of a few people; whether there were any."""
        changed = False
        for grid in grids:
            for release in self.releases:
                past = release["tables"].get(_key(grid))
                if past is None:
                    continue
                same = _sums_near(past["sums"], _sums(grid), minimum)
                for row, key in enumerate(_row_keys(grid)):
                    if row in grid.hidden:
                        continue
                    before = past["rows"].get(key)
                    if before is None:
                        if same and key in past["hidden"]:
                            grid.hidden[row] = BEFORE
                            changed = True
                    elif any(
                        is_few(abs(before[str(column)] - count.k), minimum)
                        for column, count in grid.counts[row].items()
                        if str(column) in before
                    ):
                        grid.hidden[row] = RELEASES
                        changed = True
        return changed

    def add(self, grids: Iterable[Grid], sha256: str) -> str:
        """The text of the ledger with this release in it."""
        entry: dict[str, Any] = {"sha256": sha256, "tables": {}}
        for grid in grids:
            keys = _row_keys(grid)
            rows = {
                keys[row]: {str(column): count.k for column, count in counts.items()}
                for row, counts in enumerate(grid.counts)
                if row not in grid.hidden
            }
            hidden = sorted(keys[row] for row in grid.hidden)
            entry["tables"][_key(grid)] = {"rows": rows, "hidden": hidden, "sums": _sums(grid)}
        kept = [release for release in self.releases if release["sha256"] != sha256]
        return (
            json.dumps({"format": 1, "releases": [*kept, entry]}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        )


def read_ledger(path: Path) -> Ledger:
    """Read the ledger of earlier releases; an empty one where there is none.

    Raises
    ------
    ReportError
        When it is broken: without it earlier releases cannot be held against this one.
    """
    if not path.exists():
        return Ledger(path, ())
    if path.stat().st_size > MOST:
        raise ReportError(
            f"{path}: is larger than {MOST:,} bytes; move it away, and keep it with the releases it tells of."
        )
    try:
        releases = json.loads(path.read_text(encoding="utf-8"))["releases"]
        for release in releases:
            for table in release["tables"].values():
                if not isinstance(release["sha256"], str) or not _is_listed(table):
                    raise ValueError
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(
            f"{path}: the list of earlier releases cannot be read ({type(error).__name__}); mend it or move it away: without it "
            "this release cannot be held against earlier ones."
        ) from None
    return Ledger(path, tuple(releases))


def _is_listed(table: Any) -> bool:
    """Whether a table of the ledger is what a release writes: counts a row, and their sums."""
    kinds = {"rows": dict, "hidden": list, "sums": list}
    return (
        all(isinstance(table.get(name), kind) for name, kind in kinds.items())
        and all(isinstance(counts, dict) and _all_numbers(counts.values()) for counts in table["rows"].values())
        and _all_numbers(table["sums"])
    )


def _all_numbers(counts: Iterable[Any]) -> bool:
    return all(isinstance(count, (int, float)) and not isinstance(count, bool) for count in counts)


def _key(grid: Grid) -> str:
    """What makes two tables of two releases the same: page, caption and headings, without the numbers in the caption."""
    caption = "".join(sign for sign in grid.caption if not sign.isdigit())
    text = json.dumps([grid.page, caption, grid.headings], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _row_keys(grid: Grid) -> list[str]:
    """What tells the rows of a table apart: their labels, numbered where several have the same."""
    seen: collections.Counter[tuple[str, ...]] = collections.Counter()
    found = []
    for labels in grid.labels:
        seen[labels] += 1
        found.append("\x1f".join((*labels, *([str(seen[labels])] if seen[labels] > 1 else []))))
    return found


def _sums(grid: Grid) -> list[float]:
    counts = grid.matrix()
    return [float(value) for value in np.nansum(counts, axis=0)] if counts.size else []


def _sums_near(one: list[float], other: list[float], minimum: int) -> bool:
    """Whether some column has nearly the same sum, so that rows of the two can be held against each other."""
    return len(one) == len(other) and any(abs(a - b) < minimum for a, b in zip(one, other, strict=True))
