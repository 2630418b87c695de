"""What the tables of qualitative tools have in common: options, headings, names of documents and codes, the linked tables."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.codings.codebook import make_codes
from journeylab.readers.codings.names import EXTENSION, SLASH, UNKNOWN
from journeylab.readers.codings.parts import check_parts
from journeylab.readers.columns import rows_where, select_rows
from journeylab.readers.files import RawTable
from journeylab.readers.ledger import Ledger
from journeylab.readers.options import TableOptions
from journeylab.readers.times import parse_times
from journeylab.readers.values import known_text
from journeylab.text import count


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodedExportOptions(TableOptions):
    """Options of the tables that qualitative tools export, beside those of every table.

    Attributes
    ----------
    coder : str, optional
        Who coded, where the file does not say it.
    hierarchy : str, optional
        What stands between the levels of a code's name; what the tool writes where not said, and "" for none.
    unknown_codes : str, optional
        "keep": add codes that the codebook does not have.
    documents, codebook, participants : mapping, optional
        Further files: path, and the options of a table.
    """

    coder: str | None = None
    hierarchy: str | None = None
    unknown_codes: str | None = None
    documents: Mapping[str, Any] | None = None
    codebook: Mapping[str, Any] | None = None
    participants: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._typed("coder", str, "text")
        self._typed("hierarchy", str, "text, such as '.'")
        self._one_of("unknown_codes", (None, "keep"))
        if self.keep is not None:
            raise StudyError("option keep: the tables of codings have fixed columns; leave it away.")
        check_parts(self)


def open_ledger(raw: RawTable, options: CodedExportOptions, format: str) -> Ledger:
    """Open the books of a table of codings."""
    return Ledger(raw, source=options.source, format=format, table="codings")


def wanted_rows(ledger: Ledger, options: TableOptions) -> pd.DataFrame:
    """The rows that `where` leaves; repeated rows are repeated codings, which are counted later."""
    return select_rows(ledger, options) if options.drop_duplicates else rows_where(ledger, options)


def plain_heading(heading: str) -> str:
    """A heading in small letters, without space around and within it."""
    return " ".join(str(heading).lower().split())


def known_columns(raw: RawTable, aliases: Mapping[str, Iterable[str]], options: TableOptions) -> dict[str, str]:
    """Find the columns by what a tool calls them, or by what the option `columns` says.

    Returns
    -------
    dict of str to str
        Role to column in the file; roles that are not found are not in it.

    Raises
    ------
    DataError
        When `columns` names a role or a column that does not exist.
    """
    present = [str(column) for column in raw.frame.columns]
    for role, column in options.columns.items():
        for word, words, what in ((role, list(aliases), "role"), (column, present, "column")):
            if word not in words:
                raise DataError(
                    f"{raw.path}: option columns.{role}: there is no {what} '{word}'; there are {listing(words, 40)}."
                    + did_you_mean(word, words)
                )
    by_heading = {plain_heading(column): column for column in reversed(present)}
    named = dict(options.columns)
    for role, headings in aliases.items():
        found = next((by_heading[word] for word in headings if word in by_heading), None)
        if role not in named and found is not None and found not in named.values():
            named[role] = found
    return named


def require(named: Mapping[str, str], roles: Iterable[str], raw: RawTable, tool: str) -> None:
    """Refuse a table without the columns that nothing can stand in for.

    Raises
    ------
    DataError
        With the columns that there are, and what to do.
    """
    missing = [role for role in roles if role not in named]
    if missing:
        raise DataError(
            f"{raw.path}: no column of {tool} with the {listing(missing)} is known by its heading; say which it is with "
            f"columns.{missing[0]} = '...'. There are {listing(map(str, raw.frame.columns), 40)}."
        )


def plain_text(text: pd.Series) -> pd.Series:
    """Passages with plain line ends, missing where blank; nothing else is changed."""
    plain = text.str.replace("_x000D_", "\r", regex=False).str.replace("\r\n", "\n", regex=False)
    return plain.str.replace("\r", "\n", regex=False).where(text.str.strip() != "")


def document_ids(names: pd.Series, groups: pd.Series | None = None) -> pd.Series:
    """The ids of documents: the name without the extension of a text file, where no other document is called so.

    Parameters
    ----------
    names : Series of str
    groups : Series of str, optional
        Beside the names; where a name stands in several groups, its group stands before it.

    Examples
    --------
    >>> document_ids(pd.Series(["P01.docx", "P02.txt", "P02.pdf"])).tolist()
    ['P01', 'P02.txt', 'P02.pdf']
    """
    ids = names.str.replace(EXTENSION, "", regex=True).where(lambda stems: stems != "", names)
    ids = ids.where(names.groupby(ids).transform("nunique") == 1, names)
    if groups is not None:
        several = groups.fillna("").groupby(ids).transform("nunique") > 1
        ids = ids.where(~(several & groups.notna()), groups + "/" + ids)
    return ids.astype("str")


def code_path(name: str, levels: str | None) -> str:
    """The path of a code from a name in which a pattern parts the levels; a slash in a name is no level.

    Examples
    --------
    >>> code_path("Pain > Price/Fees", r" > ")
    'Pain/Price∕Fees'
    """
    parts = re.split(levels, name) if levels else [name]
    return "/".join(" ".join(part.split()).replace("/", SLASH) for part in parts if part.strip())


def levels_of(options: CodedExportOptions, usual: str | None) -> str | None:
    """The pattern between levels of names: what the option says, else what the tool writes."""
    return usual if options.hierarchy is None else re.escape(options.hierarchy)


def code_tree(paths: Iterable[str]) -> pd.DataFrame:
    """A codebook of these codes and of the branches that their paths name; a branch that is no code is not codable.

    Examples
    --------
    >>> code_tree(["Pain/Late", "Gain"])[["path", "codable"]].values.tolist()
    [['Pain', False], ['Pain/Late', True], ['Gain', True]]
    """
    paths = list(dict.fromkeys(paths))
    whole = dict.fromkeys("/".join(levels[: n + 1]) for levels in (path.split("/") for path in paths)
                          for n in range(len(levels)))  # fmt: skip
    codes = make_codes(whole)
    codes["codable"] = codes["path"].isin(paths)
    return codes


def coders(frame: pd.DataFrame, named: Mapping[str, str], ledger: Ledger, options: CodedExportOptions) -> pd.Series:
    """Who coded, a row."""
    if "coder" not in named:
        return pd.Series(options.coder or UNKNOWN, index=frame.index, dtype="str")
    coder = known_text(frame[named["coder"]])
    if coder.isna().any():
        ledger.note(
            f"{count(int(coder.isna().sum()))} rows name no coder; they stand under '{options.coder or UNKNOWN}'"
        )
    return coder.fillna(options.coder or UNKNOWN)


def one_value_each(told: pd.DataFrame, owner: pd.Series, ledger: Ledger) -> pd.DataFrame:
    """What is told of each participant (the index), empty where it is told in several ways, which is noted."""
    groups = told.groupby(owner, sort=False)
    mixed = groups.nunique() > 1
    for column in told:
        if mixed[column].any():
            word = mixed.index[mixed[column]][0]
            ledger.note(
                f"'{column}' has several values for {count(int(mixed[column].sum()))} participants, such as '{word}', and was left "
                "empty there"
            )
    return groups.first().mask(mixed)


def creation(
    text: pd.Series, ledger: Ledger, options: TableOptions, *, day_first: bool | None = None
) -> pd.Series | None:
    """When codings were made; none, with a note, where that cannot be known without an option.

    Parameters
    ----------
    day_first : bool, optional
        How the tool writes dates with slashes; those with points have the day first.
    """
    if not (text.str.strip() != "").any():
        return None
    if options.day_first is None and text.str.match(r"^\s*\d{1,2}\.\d{1,2}\.").any():
        day_first = True
    chosen = options if options.day_first is not None else dataclasses.replace(options, day_first=day_first)
    try:
        times = parse_times(text, chosen, column=str(text.name), path=ledger.path)
    except DataError as error:
        if options.date_format is not None or options.day_first is not None:
            raise
        ledger.note(f"when codings were made was left out: {str(error).partition(': ')[2]}")
        return None
    for note in times.notes:
        ledger.note(note)
    ledger.note_cells(text[times.bad], f"cells of '{text.name}' are no times and were left empty")
    return times.values
