"""Changes that leave a file what it is: a cell of a table, a node of JSON or XML, a value of TOML, a cell of a database."""

from __future__ import annotations

import contextlib
import csv
import functools
import gzip
import io
import json
import random
import re
import sqlite3
from typing import Any

from tests.fuzzing import containers, odd, raw_bytes


def change(name: str, data: bytes, rng: random.Random) -> bytes:
    """One change to a file, by what it is; to its bytes where that is not told."""
    if data[:2] == b"\x1f\x8b":
        return _packed(name, data, rng)
    if data[:4] == b"PK\x03\x04":
        return containers.change(data, rng, change)
    if data[:15] == b"SQLite format 3":
        return _database(data, rng)
    if data[:4] == b"PAR1":
        return _parquet(data, rng)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw_bytes.damage(data, rng)
    start = text.lstrip()[:1]
    if len(text) > 200_000:
        return raw_bytes.damage(data, rng)
    if name.endswith(".toml"):
        changed = _toml(text, rng)
    elif start in ("{", "["):
        changed = _json(text, rng)
    elif start == "<":
        changed = _xml(text, rng)
    else:
        changed = _table(text, rng)
    return changed.encode("utf-8", "surrogatepass")[: raw_bytes.MOST]


@functools.cache
def _bomb(sign: bytes) -> bytes:
    return gzip.compress(sign * (300_000_000 // len(sign)), 1)


def _packed(name: str, data: bytes, rng: random.Random) -> bytes:
    """Inside a gzip file; now and then a bomb."""
    if rng.random() < 0.03:
        return _bomb(rng.choice((b"\0", b"a,b\n", b"\n", b"<a/>", b"[")))
    try:
        plain = gzip.decompress(data)
    except (OSError, EOFError, ValueError):
        return raw_bytes.damage(data, rng)
    return gzip.compress(change(name.removesuffix(".gz"), plain, rng), 1)


# Tables


def _table(text: str, rng: random.Random) -> str:
    head = text[:2_000]
    separator = max(",;\t|", key=head.count)
    if not head.count(separator):
        return raw_bytes.damage(text.encode(), rng).decode("utf-8", "replace")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    rows = [row for row in rows if row] or [["a"]]
    for _ in range(rng.choice((1, 1, 2, 8))):
        rng.choice(TABLE)(rows, rng)
    stream = io.StringIO(newline="")
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    writer = csv.writer(
        stream, delimiter=separator, lineterminator=rng.choice(("\n", "\n", "\r\n", "\r")), quoting=quoting
    )
    writer.writerows(rows)
    return stream.getvalue()


Rows = list[list[str]]


def _cell(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    if row:
        row[rng.randrange(len(row))] = odd.text(rng)


def _column(rows: Rows, rng: random.Random) -> None:
    """A whole column of one odd value."""
    place, word = rng.randrange(len(rows[0]) or 1), odd.text(rng)[:200]
    for row in rows[1:]:
        if place < len(row):
            row[place] = word


def _heading(rows: Rows, rng: random.Random) -> None:
    """A column renamed, called as another, or without a name."""
    head = rows[0]
    if head:
        head[rng.randrange(len(head))] = rng.choice(
            (*head, odd.text(rng), "customer_id", "event_time", "touchpoint", "")
        )


def _without_column(rows: Rows, rng: random.Random) -> None:
    place = rng.randrange(len(rows[0]) or 1)
    for row in rows:
        if place < len(row):
            del row[place]


def _twice(rows: Rows, rng: random.Random) -> None:
    place = rng.randrange(len(rows[0]) or 1)
    for row in rows:
        if place < len(row):
            row.append(row[place])


def _broad(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    row.extend(["x"] * rng.choice((1, 3, 20_000)))


def _again(rows: Rows, rng: random.Random) -> None:
    rows.extend(list(rng.choice(rows)) for _ in range(rng.choice((1, 5, 2_000))))


def _empty(rows: Rows, rng: random.Random) -> None:
    if rng.random() < 0.3:
        del rows[1:]
    else:
        rows[rng.randrange(len(rows))] = [""] * len(rows[0])


TABLE = (_cell, _cell, _cell, _cell, _column, _heading, _without_column, _twice, _broad, _again, _empty)


# JSON


def _json(text: str, rng: random.Random) -> str:
    """A node of one of the objects, whether they are lines or one document."""
    lines = text.split("\n")
    try:
        whole = json.loads(text)
    except ValueError:
        place = rng.randrange(len(lines))
        try:
            lines[place] = json.dumps(_node(json.loads(lines[place]), rng))
        except (ValueError, RecursionError):
            lines[place] = json.dumps(odd.value(rng))
        return "\n".join(lines)
    return json.dumps(_node(whole, rng), indent=rng.choice((None, None, 1)), ensure_ascii=rng.random() < 0.5)


def _node(whole: Any, rng: random.Random) -> Any:
    places: list[tuple[Any, Any]] = []
    waiting = [whole]
    while waiting:
        inner = waiting.pop()
        keys = list(inner) if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        for key in keys:
            places.append((inner, key))
            waiting.append(inner[key])
    if not places or rng.random() < 0.02:
        return rng.choice((odd.value(rng), [whole], {"a": whole}))
    for _ in range(rng.choice((1, 1, 2, 6))):
        inner, key = rng.choice(places)
        turn = rng.random()
        with contextlib.suppress(KeyError, IndexError):
            if turn < 0.6:
                inner[key] = odd.value(rng)
            elif turn < 0.7:
                del inner[key]
            elif turn < 0.75:
                inner[key] = odd.deep(rng)
            elif turn < 0.85:
                other, place = rng.choice(places)
                inner[key] = json.loads(json.dumps(other[place]))
            elif isinstance(inner, dict):
                inner[odd.text(rng)[:80]] = inner.pop(key)
            else:
                inner.extend(inner[:50] * rng.choice((1, 20)))
    return whole


# XML

ATTRIBUTE = re.compile(r'([\w:.-]+)="([^"]*)"')
CONTENT = re.compile(r">([^<>]+)<")
ELEMENT = re.compile(r"<(/?)([\w:.-]+)([^<>]*)>")
DTDS = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
    '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://x.invalid/a.dtd"> %p;]>',
    '<?xml-stylesheet href="http://x.invalid/a.xsl"?>',
    '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
)


def _xml(text: str, rng: random.Random) -> str:
    turn = rng.random()
    if turn < 0.06:
        end = text.find("?>") + 2 if text.startswith("<?xml") else 0
        return text[:end] + rng.choice(DTDS) + text[end:].replace(">", ">&a;", rng.choice((0, 3)))
    if turn < 0.1:
        tag, times = rng.choice(("a", "event", "Code")), rng.choice((300, 3_000, 100_000))
        found = rng.choice(list(ELEMENT.finditer(text)) or [re.match("", text)])
        assert found is not None
        return text[: found.end()] + f"<{tag}>" * times + f"</{tag}>" * rng.choice((0, times)) + text[found.end() :]
    if turn < 0.13:
        encoding = rng.choice(
            ("utf-16", "utf-7", "klingon", "cp037", "zlib_codec", "rot13", "undefined", "idna", "\x00")
        )
        return f'<?xml version="1.0" encoding="{encoding}"?>' + re.sub(r"^<\?xml[^>]*\?>", "", text)
    pattern = rng.choice((ATTRIBUTE, ATTRIBUTE, CONTENT, ELEMENT))
    found = list(pattern.finditer(text))
    for one in sorted(rng.sample(found, min(len(found), rng.choice((1, 1, 3, 10)))), key=lambda one: -one.start()):
        text = text[: one.start()] + _other(one, pattern, rng) + text[one.end() :]
    return text


def _other(one: re.Match[str], pattern: re.Pattern[str], rng: random.Random) -> str:
    word = odd.text(rng)
    if rng.random() < 0.9:
        word = word.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    if pattern is ATTRIBUTE:
        return rng.choice(
            (f'{one[1]}="{word}"', f'{one[1]}="{word}"', "", f"{one[0]} {one[0]}", f'{word[:20]}="{one[2]}"')
        )
    if pattern is CONTENT:
        return f">{word}<"
    return rng.choice(
        ("", one[0] * 2, f"<{one[1]}x{one[3]}>", f"<{one[1]}{one[2]}{one[3].rstrip('/')}>", one[0] + "&#0;")
    )


# TOML

VALUE = re.compile(r"^( {0,9}[\w\"'.-]{1,99} {0,9}= {0,9})(.+)$", re.MULTILINE)
HEADER = re.compile(r"^ {0,9}\[\[?[^\]\n]{1,99}\]\]?", re.MULTILINE)


def _toml_value(rng: random.Random) -> str:
    turn = rng.random()
    if turn < 0.45:
        return json.dumps(odd.text(rng)).replace("\\ud800", "\\uFFFD")
    return rng.choice((
        "0", "-1", "1e400", "nan", "inf", "-inf", "9223372036854775808", "1" * 5_000, "0x7fffffffffffffffff", "true", "false", "[]",
        "{}", "[[]]", "[1, 'a']", "[{}]", "[" * 400 + "]" * 400, "[" * 5_000, "{a = " * 200 + "1" + "}" * 200, "1979-05-27",
        "1979-05-27T07:32:00Z", "07:32:00", "0000-01-01", '"""\n\n"""', "''", "'P1D'", "'1ns'", "'1e30d'",
        "'-5min'", "'inf'", "'NaT'",
        "'99999999999d'", "'UTC'", "'../../etc/passwd'", "'/dev/zero'", "'/etc/passwd'", "'re:(('",
        "'re:(a|a)*$'", "'sql'", "'ga4'",
        "'qualtrics'", "'refi'", "'utf-16'", "'zlib'", "'unix'", "'%Q'", "'%d.%m.%Y'", "'wide'", "'long'",
        "'votes'", "','", "'tab'",
        "\"touchpoint == 'home'\"", "\"a is empty and\"",
        "\"" + "visitor == 'a' and " * 500 + "visitor == 'b'\"", "'''" + "(" * 3_000 + "'''",
        "'spark://local[2]'", "\"at < '2026-03-05'\"", "'document'", "'^(P\\d+)'", "'('",
    ))  # fmt: skip


def _toml(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 2, 5))):
        turn = rng.random()
        values, headers = list(VALUE.finditer(text)), list(HEADER.finditer(text))
        if turn < 0.55 and values:
            one = rng.choice(values)
            text = text[: one.start()] + one[1] + _toml_value(rng) + text[one.end() :]
        elif turn < 0.65 and values:
            one, other = rng.choice(values), rng.choice(values)
            text = text[: one.start()] + one[1] + other[2] + text[one.end() :]
        elif turn < 0.75 and values:
            one = rng.choice(values)
            text = text[: one.start()] + text[one.end() :]
        elif turn < 0.85 and headers:
            one = rng.choice(headers)
            key = rng.choice((odd.text(rng)[:60], *KEYS, ".".join(["a"] * rng.choice((3, 2_000)))))
            key = key if re.fullmatch(r"[\w.-]+", key, re.ASCII) else json.dumps(key).replace("\\ud800", "x")
            text = text[: one.end()] + f"\n{key} = {_toml_value(rng)}\n" + text[one.end() :]
        elif headers:
            one, other = rng.choice(headers), rng.choice(headers)
            text = text[: one.start()] + rng.choice((other[0], "[" + one[0] + "]", "")) + text[one.end() :]
        if rng.random() < 0.02:
            text += "\n".join(f"[[touchpoints]]\nmatch = 'm{n}'" for n in range(3_000))
    return text


KEYS = (
    "path", "format", "where", "match", "when", "date_format", "timezone", "separator", "encoding",
    "decimal", "columns", "keep", "sheet",
    "engine", "session_gap", "name", "stage", "shape", "touchpoint", "valence", "within", "level",
    "database", "query", "table", "edits",
    "participant", "drop_duplicates", "minimum_cell", "first_day", "data_dir",
)  # fmt: skip


# Databases and Parquet


def _database(data: bytes, rng: random.Random) -> bytes:
    """Cells of other types, tables that are gone, views and triggers in their place."""
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    connection.set_progress_handler(lambda: 1, 5_000_000)  # a view that was made before may have no end
    try:
        connection.execute("PRAGMA writable_schema = ON")
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = [table for table in tables if not table.startswith("sqlite_")]
        for _ in range(rng.choice((1, 2, 8))):
            if tables:
                with contextlib.suppress(sqlite3.Error, ValueError, UnicodeError, OverflowError):
                    _statement(connection, rng.choice(tables), rng)
        connection.commit()
        return bytes(connection.serialize())
    except sqlite3.Error:
        return raw_bytes.damage(data, rng)
    finally:
        connection.close()


def _statement(connection: sqlite3.Connection, table: str, rng: random.Random) -> None:
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column, turn = rng.choice(columns), rng.random()
    cell: Any = rng.choice(
        (odd.text(rng), rng.choice(odd.NUMBERS[:5] + odd.NUMBERS[8:]), None, b"\xff\0", bytes(100_000), 2**62)
    )
    if turn < 0.5:
        rows = [row[0] for row in connection.execute(f'SELECT rowid FROM "{table}"')]
        connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (cell, rng.choice(rows or [0])))
    elif turn < 0.6:
        connection.execute(f'UPDATE "{table}" SET "{column}" = ?', (cell,))
    elif turn < 0.65:
        connection.execute(f'DELETE FROM "{table}"')
    elif turn < 0.72:
        connection.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    elif turn < 0.79:
        connection.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{odd.text(rng)[:30]}"')
    elif turn < 0.84:
        connection.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_old"')
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id FROM n"
        connection.execute(f'CREATE VIEW "{table}" AS {rng.choice((endless, f"SELECT * FROM {table}_old"))}')
    elif turn < 0.88:
        connection.execute(
            f'CREATE TRIGGER t{rng.randrange(999)} AFTER INSERT ON "{table}" BEGIN DELETE FROM "{table}"; END'
        )
    elif turn < 0.92:
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (odd.text(rng), table))
    elif turn < 0.96:
        connection.execute(f'INSERT INTO "{table}" SELECT * FROM "{table}"')
    else:
        connection.execute(f'ALTER TABLE "{table}" ADD COLUMN extra AS (zeroblob(1000000000))')


def _parquet(data: bytes, rng: random.Random) -> bytes:
    """A column of another type, called otherwise, or gone; or plain damage."""
    if rng.random() < 0.4:
        return raw_bytes.damage(data, rng)
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(data))
    place = rng.randrange(table.num_columns)
    rows, name = table.num_rows, table.column_names[place]
    kinds: tuple[Any, ...] = (
        pa.array([odd.text(rng).encode("utf-8", "replace").decode() for _ in range(rows)]), pa.nulls(rows),
        pa.array([rng.choice(odd.NUMBERS[8:]) for _ in range(rows)]), pa.array([[1]] * rows), pa.array([{"a": 1}] * rows),
        pa.array([2**63 - 1] * rows, pa.timestamp("us", "UTC")), pa.array([-(2**62)] * rows, pa.timestamp("s")),
        pa.array([b"\xff"] * rows), pa.array(["a"] * rows).dictionary_encode(), pa.array([True] * rows),
        pa.array([2**62] * rows, pa.duration("us")), pa.array(["x"] * rows, pa.large_string()),
    )  # fmt: skip
    turn = rng.random()
    if turn < 0.7:
        table = table.set_column(place, name, rng.choice(kinds))
    elif turn < 0.85:
        names = [
            odd.text(rng).encode("utf-8", "replace").decode()[:50] if one == name else one for one in table.column_names
        ]
        table = table.rename_columns(names)
    else:
        table = table.drop_columns([name])
    stream = io.BytesIO()
    try:
        pq.write_table(table, stream)
    except pa.ArrowException:
        return raw_bytes.damage(data, rng)
    return stream.getvalue()
