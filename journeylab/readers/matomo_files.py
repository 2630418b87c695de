"""Matomo's log tables: the rows of those that lie in a folder, or stand in the export of a data subject."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.errors import DataError, listing
from journeylab.readers.account import Account
from journeylab.readers.beside import KINDS as READABLE
from journeylab.readers.json_objects import decoded, json_objects
from journeylab.readers.stream import chunks, records_of
from journeylab.text import count

VISIT, LINK, ACTION, CONVERSION, GOALS = "log_visit", "log_link_visit_action", "log_action", "log_conversion", "goal"
FILE = re.compile(
    rf"(?:\w+?_)?({LINK}|{VISIT}|{ACTION}|{CONVERSION}|{GOALS})(?:[-_]?(?:part)?[-_]?\d[\d_-]*)?", re.IGNORECASE
)
"""The name of a table's file: with a prefix as in the database, and with the number of a part behind."""
ARRAYS = r"log_\w+"
SUBJECT = re.compile(rf'"{ARRAYS}"\s*:\s*\[')

NEEDED = {
    VISIT: ("idvisit",), LINK: ("idvisit", "server_time"), ACTION: ("idaction", "name"),
    CONVERSION: ("idvisit", "server_time", "idgoal"), GOALS: ("idgoal", "idsite", "name"),
}  # fmt: skip
COLUMNS = {
    VISIT: ("idvisit", "idvisitor", "user_id", "config_id", "referer_type", "config_device_type"),
    LINK: (
        "idlink_va", "idvisit", "idsite", "idvisitor", "server_time", "idaction_url", "idaction_name", "search_cat",
        "search_count", "idaction_event_category", "idaction_event_action", "idaction_content_name",
        "idaction_content_interaction",
    ),
    ACTION: ("idaction", "name", "type", "url_prefix"),
    CONVERSION: ("idlink_va", "idvisit", "idsite", "idvisitor", "server_time", "idgoal", "revenue", "url"),
    GOALS: ("idsite", "idgoal", "name"),
}  # fmt: skip
"""What is read of each table."""
WITHOUT = {
    VISIT: "logins, channels and devices are not known",
    ACTION: "pages, events and content have no names",
}


def is_table(path: Path) -> bool:
    """Whether a path is a folder, or a file with the name of a log table."""
    return path.is_dir() or _table(path) != ""


def _table(file: Path) -> str:
    """Which table a file is, "" for none."""
    found = FILE.fullmatch(file.name.partition(".")[0])
    return found[1].lower() if found and file.name.lower().removesuffix(".gz").endswith(READABLE) else ""


def is_subject(path: Path, account: Account) -> bool:
    """Whether a file is the export of a data subject: an object with arrays that are called as the tables."""
    probe = Account(path, None, account.format)
    return bool(SUBJECT.search(next(decoded(chunks(path, probe), probe), "")))


def rows_of_files(path: Path, account: Account) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The rows of the tables in a folder, with the table and the place."""
    folder = path if path.is_dir() else path.parent
    files: dict[str, list[Path]] = {}
    others = []
    for file in sorted(folder.iterdir()):
        if not file.is_file():
            continue
        if _table(file) and file.stat().st_size:
            files.setdefault(_table(file), []).append(file)
        else:
            others.append(file.name)
    if path != folder:
        own = _table(path)
        files = {name: [path] if name == own else files[name] for name in files if name in (own, VISIT, ACTION, GOALS)}
    if not files.keys() & {LINK, CONVERSION}:
        raise DataError(
            f"{path}: holds neither {LINK} nor {CONVERSION}, as .csv, .tsv, .json or .parquet; there are "
            f"{listing([file.name for of in files.values() for file in of] + others) or 'no files'}."
        )
    if others and path == folder:
        account.note(f"not read: {listing(others)}")
    for name in (VISIT, ACTION):
        if name not in files:
            account.note(f"there is no table {name}: {WITHOUT[name]}")
    for name, of in files.items():
        for file in _one_of_each(of, account):
            probe = account if name in (LINK, CONVERSION) else Account(file, None, account.format)
            for number, (place, record) in enumerate(records_of(file, probe, COLUMNS[name])):
                row = record if NEEDED[name][0] in record else {key.lower(): value for key, value in record.items()}
                missing = [column for column in NEEDED[name] if number == 0 and column not in row]
                if missing:
                    raise DataError(f"{file}: is read as the table {name} and has no column {missing[0]}.")
                yield name, f"{file.name} {place}", row
            if probe is not account and probe.n_read:
                account.note(f"{count(probe.n_read)} rows of {file.name} are damaged and were not looked up")


def _one_of_each(files: list[Path], account: Account) -> Iterator[Path]:
    """The files of a table; of one that lies there in several formats, one."""
    for _, group in itertools.groupby(files, key=lambda file: file.name.partition(".")[0]):
        alike = sorted(group, key=lambda file: (not file.name.endswith(".parquet"), file.name))
        yield alike[0]
        if len(alike) > 1:
            account.note(f"{alike[0].name} is read, and not {listing([file.name for file in alike[1:]])} beside it")


def rows_of_subject(path: Path, account: Account) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The rows of a data subject's export; names of actions stand in one array for each column that holds them."""
    others = []
    parts = decoded(chunks(path, account), account)
    for name, place, row in json_objects(parts, account, within=ARRAYS):
        if name.startswith(f"{ACTION}_"):
            yield ACTION, place, row
        elif name in (VISIT, LINK, CONVERSION):
            yield name, place, row
        elif name not in others:
            others.append(name)
    if others:
        account.note(f"not read: {listing(others)}")
