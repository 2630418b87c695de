"""Which column of a file is which column of the contract, and its cells as what the contract wants."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

import pandas as pd

from journeylab.contracts import KINDS, Column
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.conditions import parse_condition
from journeylab.readers.files import RawTable
from journeylab.readers.ledger import Ledger
from journeylab.readers.options import TableOptions
from journeylab.readers.times import parse_times
from journeylab.readers.values import known_text, parse_flags, parse_numbers
from journeylab.text import count

REPEATS_STAY = "are kept; drop_duplicates = true drops them"
"""What becomes of repeated rows, as far as a reader knows."""


@dataclasses.dataclass(frozen=True)
class Mapped:
    """The columns of a file by their role.

    Attributes
    ----------
    named : dict of str to str
        Name in the contract to column in the file.
    explicit : frozenset of str
        The names that the options gave; the others were found by their name.
    extra : tuple of str
        Further columns to keep.
    """

    named: dict[str, str]
    explicit: frozenset[str]
    extra: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.named


def map_columns(
    raw: RawTable,
    roles: Iterable[Column],
    options: TableOptions,
    *,
    given: Iterable[str] = (),
    reserved: Iterable[str] = (),
    free_names: bool = False,
    used: Iterable[str] = (),
) -> Mapped:
    """Find the columns of a file: those that the options name, then those that are called as in the contract.

    Parameters
    ----------
    raw : RawTable
    roles : iterable of Column
        What the reader wants.
    options : TableOptions
        `columns` and `keep` are used.
    given : iterable of str
        Roles that an option fills with a constant; a column must be named to override it.
    reserved : iterable of str
        Names that extra columns may not have, because the study writes them.
    free_names : bool
        Whether `columns` may also rename attributes that are no roles.
    used : iterable of str
        Columns of the file that another option already uses; they are no extra columns.

    Raises
    ------
    DataError
        For all columns that are not there, with the nearest that are.
    """
    roles = list(roles)
    names = [role.name for role in roles]
    present = [str(column) for column in raw.frame.columns]
    problems = []
    for name, column in options.columns.items():
        if name not in names and not free_names:
            turned = f" Turn it round: {column} = '{name}'." if column in names and name in present else ""
            problems.append(
                f"{raw.path}: option columns: '{name}' is not in the contract; there are {listing(names, 20)}."
                f"{turned or did_you_mean(name, names)}"
            )
        elif column not in present:
            problems.append(
                f"{raw.path}: option columns.{name}: the file has no column '{column}'; it has {listing(present, 40)}."
                + did_you_mean(column, present)
            )
    for column in options.keep or ():
        if column not in present:
            problems.append(
                f"{raw.path}: option keep: the file has no column '{column}'; it has {listing(present, 40)}."
                + did_you_mean(column, present)
            )
    named = {name: column for name, column in options.columns.items() if column in present}
    loosely = {_loose(column): column for column in reversed(present)}
    constants = set(given)
    for role in roles:
        if role.name in options.columns or role.name in constants:
            continue
        found = role.name if role.name in present else loosely.get(role.name)
        if found is not None and found not in named.values():
            named[role.name] = found
        elif role.required:
            problems.append(
                f"{raw.path}: has no column '{role.name}'; say which it is with columns.{role.name} = '...'. "
                f"There are {listing(present, 40)}.{did_you_mean(role.name, present)}"
            )
    if problems:
        raise DataError("\n".join(problems))
    taken = {*named.values(), *used}
    extra = options.keep if options.keep is not None else [column for column in present if column]
    blocked = {*names, *reserved, *named}
    return Mapped(
        named,
        frozenset(options.columns),
        tuple(column for column in extra if column not in taken and column not in blocked),
    )


def rows_where(ledger: Ledger, options: TableOptions) -> pd.DataFrame:
    """Apply `where` to the rows of a file."""
    frame = ledger.raw.frame
    if options.where is None:
        return frame
    present = [str(column) for column in frame.columns]
    condition = parse_condition(options.where, present, f"{ledger.path}: option where")
    return ledger.drop(frame, ~condition.holds(frame, options, ledger.path), f"outside of where: {options.where}")


def select_rows(ledger: Ledger, options: TableOptions) -> pd.DataFrame:
    """Apply `where` and `drop_duplicates` to the rows of a file; note exact repetitions that are kept."""
    frame = rows_where(ledger, options)
    present = [str(column) for column in frame.columns]
    ignored = _all_present(options.duplicate_ignore or (), present, ledger, "duplicate_ignore")
    wanted = options.drop_duplicates
    chosen = present if isinstance(wanted, bool) or wanted is None else list(wanted)
    compared = [column for column in _all_present(chosen, present, ledger, "drop_duplicates") if column not in ignored]
    if not compared:
        raise DataError(f"{ledger.path}: option duplicate_ignore: leaves no column by which rows could be compared.")
    repeated = frame.duplicated(compared).to_numpy()
    if repeated.any():
        but = f" in all but {listing(ignored).replace(repr(''), 'the unnamed column')}" if ignored else ""
        what = f"repeat an earlier row{but}" if chosen is present else f"repeat an earlier row in {listing(compared)}"
        if wanted:
            return ledger.drop(frame, repeated, what.replace("repeat", "that repeat", 1))
        rows = ", ".join(f"row {row}" for row in frame.index[repeated][:3])
        ledger.note(f"{count(int(repeated.sum()))} rows {what} ({rows}) and {REPEATS_STAY}")
    return frame


def convert(
    text: pd.Series, role: Column, ledger: Ledger, options: TableOptions, *, timezone: str | None = None
) -> tuple[pd.Series, pd.Series]:
    """Convert cells to the kind of a role: the values, and which cells are bad. Missing where empty or bad."""
    if role.kind == "time":
        times = parse_times(text, options, column=str(text.name), path=ledger.path, timezone=timezone)
        for note in times.notes:
            ledger.note(note)
        return times.values, times.bad
    if role.kind == "flag":
        return parse_flags(text)
    if role.kind in {"number", "whole"}:
        values, bad = parse_numbers(text, options.decimal)
        if role.kind == "whole":
            bad |= values.notna() & ((values % 1 != 0) | (values.abs() >= 2**63))
            whole = values.mask(bad).astype("Int64")
            return (whole if whole.isna().any() else whole.astype("int64")), bad
        return values, bad
    return known_text(text), pd.Series(False, index=text.index)


def optional_columns(
    frame: pd.DataFrame, mapped: Mapped, roles: Mapping[str, Column], ledger: Ledger, options: TableOptions
) -> dict[str, pd.Series]:
    """Convert the optional roles of rows that stay; cells that cannot be used become missing and are noted.

    A column that was only found by its name and holds something else altogether is left out, and that is noted.
    """
    converted = {}
    for name, role in roles.items():
        if name not in mapped:
            continue
        text = frame[mapped.named[name]]
        try:
            values, bad = convert(text, role, ledger, options)
        except DataError:
            if name in mapped.explicit:
                raise
            values, bad = text, text != ""
        if name not in mapped.explicit and bad.any() and int(bad.sum()) == int((text.str.strip() != "").sum()):
            ledger.note(f"column '{text.name}' was left out, since it does not hold {KINDS[role.kind].words}")
            continue
        ledger.note_cells(text[bad], f"cells of '{text.name}' are not {KINDS[role.kind].words} and were left empty")
        converted[name] = values
    return converted


def _all_present(wanted: Iterable[str], present: list[str], ledger: Ledger, option: str) -> list[str]:
    wanted = list(wanted)
    for column in wanted:
        if column not in present:
            raise DataError(
                f"{ledger.path}: option {option}: the file has no column '{column}'; it has {listing(present, 40)}."
                + did_you_mean(column, present)
            )
    return wanted


def _loose(name: str) -> str:
    """A heading as a contract would write it."""
    return "_".join(name.lower().replace("-", " ").split())
