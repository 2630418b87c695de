"""Matomo's log tables, as files of a folder or as the arrays of a data subject's export: staged in DuckDB and joined there."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeylab.readers import matomo_actions as kinds
from journeylab.readers.account import Account
from journeylab.readers.cells import micros_of, text_of
from journeylab.readers.matomo_actions import Action, channel_of, device_of, joined, named_kind, revenue_of
from journeylab.readers.matomo_files import (
    ACTION,
    COLUMNS,
    CONVERSION,
    GOALS,
    LINK,
    VISIT,
    is_table,
    rows_of_files,
    rows_of_subject,
)

if TYPE_CHECKING:
    import duckdb

NOTHING = ("NULL", "(NULL)", "\\N")
PREFIXES = {"0": "http://", "1": "http://www.", "2": "https://", "3": "https://www."}
NAMES = {
    "idaction_url": "address", "idaction_name": "title", "idaction_event_category": "category",
    "idaction_event_action": "act", "idaction_content_name": "content",
}  # fmt: skip
"""Columns with numbers of actions, and what the join calls the name."""
PORTION = 20_000
MEMORY = "512MB"
"""What the join may hold; the rest lies on disk while it runs."""

JOIN = f"""
WITH visit AS (SELECT idvisit, {", ".join(f"max({name}) AS {name}" for name in COLUMNS[VISIT][1:])}
               FROM {VISIT} WHERE idvisit <> '' GROUP BY idvisit),
     named AS (SELECT idaction, max(name) AS name, max(type) AS type, max(url_prefix) AS prefix
               FROM {ACTION} WHERE idaction <> '' GROUP BY idaction),
     goals AS (SELECT idsite, idgoal, max(name) AS name FROM {GOALS} GROUP BY ALL)
SELECT happened.*, visit.idvisit AS there, user_id, config_id, referer_type, config_device_type,
       visit.idvisitor AS visit_visitor, address.name AS address, address.type AS address_type, address.prefix AS prefix,
       title.name AS title, title.type AS title_type, category.name AS category, act.name AS act, content.name AS content,
       goals.name AS goal
FROM (SELECT place, micros, idvisit, idsite, idvisitor, server_time, idlink_va, idaction_url, idaction_name, search_cat,
             search_count, idaction_event_category, idaction_event_action, idaction_content_name,
             idaction_content_interaction, '' AS idgoal, '' AS revenue, '' AS url FROM {LINK}
      UNION ALL
      SELECT place, micros, idvisit, idsite, idvisitor, server_time, idlink_va, '', '', '', '', '', '', '', '', idgoal,
             revenue, url FROM {CONVERSION}) AS happened
LEFT JOIN visit ON happened.idvisit = visit.idvisit
LEFT JOIN named AS address ON idaction_url = address.idaction
LEFT JOIN named AS title ON idaction_name = title.idaction
LEFT JOIN named AS category ON idaction_event_category = category.idaction
LEFT JOIN named AS act ON idaction_event_action = act.idaction
LEFT JOIN named AS content ON idaction_content_name = content.idaction
LEFT JOIN goals ON happened.idsite = goals.idsite AND happened.idgoal = goals.idgoal
ORDER BY TRY_CAST(happened.idvisit AS BIGINT), happened.idvisit, micros, happened.idgoal <> '',
         TRY_CAST(idlink_va AS BIGINT), place
"""


def table_actions(path: Path, account: Account) -> Iterator[Action]:
    """The actions and conversions of log tables, visit by visit.

    Notes
    -----
    The rows of ``log_link_visit_action`` and ``log_conversion`` are events; of a folder both are read, of a named file
    its own. ``log_visit``, ``log_action`` and ``goal`` are looked up. All are staged in a database in a temporary folder
    and joined there, so that memory does not grow with them. Visitors' ids may be bytes or hexadecimal.

    Raises
    ------
    DataError
        When the tables that hold events are missing, or a table lacks a column that is needed.
    """
    import duckdb

    rows = rows_of_files(path, account) if is_table(path) else rows_of_subject(path, account)
    with tempfile.TemporaryDirectory(prefix="journeylab-") as folder:
        config = {"memory_limit": MEMORY, "temp_directory": f"{folder}/spilled"}
        with contextlib.closing(duckdb.connect(f"{folder}/tables.duckdb", config=config)) as connection:
            _stage(connection, rows, account)
            yield from _joined(connection, account)


def _stage(
    connection: duckdb.DuckDBPyConnection, rows: Iterator[tuple[str, str, dict[str, Any]]], account: Account
) -> None:
    """Write the rows into tables of text; rows of events are read here."""
    waiting: dict[str, list[list[Any]]] = {}
    for name, columns in COLUMNS.items():
        more = "place VARCHAR, micros BIGINT, " if name in (LINK, CONVERSION) else ""
        connection.execute(f"CREATE TABLE {name} ({more}{', '.join(f'{column} VARCHAR' for column in columns)})")
        waiting[name] = []
    for name, place, row in rows:
        cells: list[Any] = [
            value if type(value := row.get(column)) is str and value.isdigit() else _cell(value)
            for column in COLUMNS[name]
        ]
        if name in (LINK, CONVERSION):
            account.read()
            cells = [place, micros_of(row.get("server_time")), *cells]
        waiting[name].append(cells)
        if len(waiting[name]) == PORTION:
            _write(connection, name, waiting[name])
    for name, left in waiting.items():
        _write(connection, name, left)


def _write(connection: duckdb.DuckDBPyConnection, name: str, rows: list[list[Any]]) -> None:
    import pyarrow as pa

    if rows:
        times = 1 if name in (LINK, CONVERSION) else None
        columns = [
            pa.array(column, pa.int64() if n == times else pa.string())
            for n, column in enumerate(zip(*rows, strict=True))
        ]
        batch = pa.table(columns, names=[f"c{n}" for n in range(len(columns))])
        connection.register("batch", batch)
        connection.execute(f"INSERT INTO {name} SELECT * FROM batch")
        connection.unregister("batch")
        rows.clear()


def _cell(value: Any) -> str:
    """A cell as text: bytes in hexadecimal, ids without ``.0``, and nothing for what stands for nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    text = text_of(value)
    if text[-2:] == ".0" and text[:-2].lstrip("-").isdigit():
        return text[:-2]
    return "" if text in NOTHING else text


def _joined(connection: duckdb.DuckDBPyConnection, account: Account) -> Iterator[Action]:
    visit, order = None, 0
    for batch in connection.sql(JOIN).to_arrow_reader(PORTION):
        for row in batch.to_pylist():
            order = order + 1 if row["idvisit"] == visit else 1
            visit = row["idvisit"]
            yield _action(row, order, account)


def _action(row: dict[str, Any], order: int, account: Account) -> Action:
    kind = _kind(row)
    url = row["url"] or PREFIXES.get(row["prefix"] or "", "") + (row["address"] or "")
    if not row["there"]:
        account.see(
            f"actions belong to visits that are not in {VISIT}, without login, channel and device", row["place"]
        )
    if any(_filled(row[number]) and not row[name] for number, name in NAMES.items()):
        account.see(f"actions have a number that {ACTION} does not hold, and no name by it", row["place"])
    if kind == kinds.PAGE and not row["title"] and row["address"] and not row["address_type"]:
        account.see("actions without a title may be downloads or links; the export does not say", row["place"])
    if kind == kinds.EVENT:
        name = joined(row["category"], row["act"])
    else:
        name = row["goal"] or row["idgoal"] if kind == kinds.GOAL else row["content"] or ""
    return Action(
        place=row["place"],
        kind=kind,
        time=row["micros"],
        when=row["server_time"],
        site=row["idsite"] or "",
        visit=row["idvisit"] or "",
        visitor=_hexadecimal(row["visit_visitor"] or row["idvisitor"] or ""),
        login=row["user_id"] or "",
        device_print=_hexadecimal(row["config_id"] or ""),
        title=row["title"] or "",
        url=url,
        name=name,
        value=revenue_of(row["revenue"], row["place"], account) if kind in kinds.CONVERSIONS else None,
        channel=channel_of(row["referer_type"]),
        device=device_of(row["config_device_type"]),
        order=order,
    )


def _kind(row: dict[str, Any]) -> str:
    """What a row is: by its goal, else by the columns that only events or content fill, else by the type of its name."""
    if row["idgoal"]:
        return {"0": kinds.ORDER, "-1": kinds.CART}.get(row["idgoal"], kinds.GOAL)
    if _filled(row["idaction_event_category"]):
        return kinds.EVENT
    if _filled(row["idaction_content_name"]):
        return kinds.INTERACTION if _filled(row["idaction_content_interaction"]) else kinds.IMPRESSION
    said = row["address_type"] or row["title_type"]
    if not said and (row["search_count"] or row["search_cat"] or not _filled(row["idaction_url"])):
        return kinds.SEARCH if _filled(row["idaction_name"]) else kinds.PAGE
    return named_kind(said, None)


def _filled(number: str | None) -> bool:
    return number not in (None, "", "0")


def _hexadecimal(number: str) -> str:
    return number.lower().removeprefix("0x").removeprefix("\\x")
