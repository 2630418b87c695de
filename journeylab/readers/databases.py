"""Rows of a database, read only and a portion at a time: PostgreSQL as Arrow, MariaDB, MySQL and SQLite by SQLAlchemy."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.account import PORTION
from journeylab.readers.workbooks import cell_text, column_text

Rows = Generator[pd.DataFrame, None, None]

BATCH_BYTES = 4 * 1024**2
"""PostgreSQL is asked to send about so many bytes at a time."""

WAIT = 15
"""Seconds to wait for a server that does not answer."""

POSTGRES, MYSQL, SQLITE = ("postgresql", "postgres"), ("mysql", "mariadb"), ("sqlite",)
DRIVER_WORDS = re.compile(r"^[A-Z_]+: (\[libpq\] )?(Failed to [^:]*: )?(could not begin COPY: )?(ERROR: )?")
EXAMPLES = "postgresql://user:password@host/database, mysql://…, mariadb://… or sqlite:///file"
NUMBER_OF_TIMESTAMP = 7
"""MySQL's number for TIMESTAMP: an instant, while DATETIME is a local time."""


def check_variable(name: object) -> str:
    """Refuse what is no name of an environment variable, without repeating it: it may hold a password.

    Raises
    ------
    StudyError
        When it is a URL, or anything else.
    """
    if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]\w*", name):
        return name
    what = "holds an address" if isinstance(name, str) and "://" in name else "is no name of an environment variable"
    raise StudyError(
        f"option database: {what}. An address may hold a password, which belongs in no study; write it into an "
        "environment variable, and name that here, such as database = 'SHOP_DATABASE'."
    )


def check_query(query: str) -> str:
    """Refuse a query that is not one that only reads.

    Raises
    ------
    StudyError
        When it begins with another word than SELECT or WITH, or writes INTO something.
    """
    if "/*!" in query:
        raise StudyError("option query: holds a comment that MySQL runs (/*!); leave it out.")
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "''", query), flags=re.DOTALL)
    first = re.match(r"[\s(]*(\w*)", bare)
    word = first[1].upper() if first else ""
    if word not in ("SELECT", "WITH"):
        raise StudyError(
            f"option query: begins with '{word}', allowed is a query that only reads: SELECT …, or WITH … SELECT …."
        )
    if re.search(r"\binto\b", bare, re.IGNORECASE):
        raise StudyError("option query: writes INTO something; allowed is a query that only reads.")
    return query.strip().rstrip(";").rstrip() + "\n"  # the end of a line ends a comment


def fetch(variable: str, place: str, *, table: str | None = None, query: str | None = None) -> Rows:
    """Read a table or the answer to a query.

    Parameters
    ----------
    variable : str
        The environment variable that holds the address.
    place : str
        For messages, which never name the address.
    table, query : str, optional
        One of the two.

    Yields
    ------
    DataFrame
        At most `PORTION` rows of text, empty cells are ""; the index ``row`` counts rows from 1. What cannot be written
        as text is left out, and named in ``attrs["left out"]``. A server that does so is told to only read.

    Raises
    ------
    DataError
        When there is no address, server, table or driver, or the server refuses: what to do, and never the password.
    """
    address = _address(variable, place)
    kind = urlsplit(address).scheme.partition("+")[0]
    with _drivers(place):
        server = _Postgres(address, place) if kind in POSTGRES else _Alchemy(address, place)
    statement = f"SELECT * FROM {quoted(table, '`' if kind in MYSQL else chr(34))}" if table else str(query)
    start = 1
    with contextlib.closing(server), contextlib.closing(server.frames(statement)) as frames:
        try:
            for frame in frames:
                frame.index = pd.RangeIndex(start, start + len(frame), name="row")
                start += len(frame)
                yield frame
        except server.failures as error:
            raise DataError(_refusal(server, error, address, place, table)) from None


def quoted(table: str, mark: str) -> str:
    """A name of a table, with its schema where it has one, as SQL writes it."""
    return ".".join(mark + part.replace(mark, 2 * mark) + mark for part in table.split("."))


def _address(variable: str, place: str) -> str:
    """The address in an environment variable, if it is one that can be read without giving its password away."""
    address = os.environ.get(variable, "").strip()
    if not address:
        raise DataError(
            f"{place}: the environment variable {variable} is not set; set it to the address of the database, such as "
            f"{EXAMPLES}, before journeylab is started."
        )
    kind = address.partition("://")[0].lower().partition("+")[0] if "://" in address else ""
    if kind not in (*POSTGRES, *MYSQL, *SQLITE):
        found = f"is of the kind '{kind}'" if kind.isalnum() else "is no address of a database"
        raise DataError(f"{place}: what {variable} holds {found}; allowed: {EXAMPLES}.")
    if kind not in SQLITE and not _sound(address):
        raise DataError(
            f"{place}: the address in {variable} is not well written. In user and password write signs such as "
            "@ : / ? # % with their number, @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25."
        )
    return address


def _sound(address: str) -> bool:
    """Whether user, password, host and port stand where everyone looks for them."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    return address.count("@") == parts.netloc.count("@") <= 1 and not re.search(r"%(?![0-9A-Fa-f]{2})|\s|#", address)


@contextlib.contextmanager
def _drivers(place: str) -> Iterator[None]:
    """Say how to install a driver that is missing."""
    try:
        yield
    except ImportError as error:
        raise DataError(
            f'{place}: reading databases needs {error.name}, which is not installed; run: pip install "journeylab[sql]"'
        ) from None


class _Postgres:
    """A connection to PostgreSQL, read as Arrow record batches."""

    def __init__(self, address: str, place: str) -> None:
        import adbc_driver_manager
        import adbc_driver_postgresql.dbapi
        import pyarrow as pa

        self.failures: tuple[type[Exception], ...] = (adbc_driver_manager.Error, pa.ArrowException, OSError)
        address = re.sub(r"^\w+(\+\w+)?://", "postgresql://", address)
        if "connect_timeout=" not in address:
            address += f"{'&' if '?' in address else '?'}connect_timeout={WAIT}"
        try:
            self.connection = adbc_driver_postgresql.dbapi.connect(address)
        except self.failures as error:
            raise DataError(_unreachable(error, address, place)) from None

    def frames(self, statement: str) -> Rows:
        with self.connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
            cursor.execute(statement)
            try:
                for batch in cursor.fetch_record_batch():
                    for start in range(0, batch.num_rows, PORTION):
                        yield _arrow_frame(batch.slice(start, PORTION))
            except GeneratorExit:  # else the driver would fetch all that is left
                cursor.adbc_cancel()
                raise

    def tables(self) -> list[str]:
        self.connection.rollback()
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_schema::text, table_name::text, table_schema = current_schema() FROM "
                "information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            )
            return _table_names(cursor.fetchall())

    def close(self) -> None:
        self.connection.close()


class _Alchemy:
    """A connection to MariaDB, MySQL or SQLite."""

    def __init__(self, address: str, place: str) -> None:
        import sqlalchemy as sa

        self.failures: tuple[type[Exception], ...] = (sa.exc.SQLAlchemyError, OSError, ValueError)
        self.sqlite = address.startswith(SQLITE)
        try:
            url = sa.make_url(address).set(drivername="sqlite+pysqlite" if self.sqlite else "mysql+pymysql")
        except (sa.exc.ArgumentError, ValueError):
            raise DataError(f"{place}: its environment variable holds no address; allowed: {EXAMPLES}.") from None
        if self.sqlite and not Path(url.database or "").is_file():
            raise DataError(f"{place}: the address of the database names the file {url.database}, which is not there.")
        self.engine = sa.create_engine(
            url, poolclass=sa.pool.NullPool, connect_args={} if self.sqlite else {"connect_timeout": WAIT}
        )
        try:
            self.connection = self.engine.connect()
        except self.failures as error:
            raise DataError(_unreachable(error, address, place)) from None

    def frames(self, statement: str) -> Rows:
        for setting in self._settings():
            self.connection.exec_driver_sql(setting)
        streaming = self.connection.execution_options(stream_results=True, no_parameters=True)
        result = streaming.exec_driver_sql(statement)
        names, description = list(result.keys()), result.cursor.description
        instants = [not self.sqlite and column[1] == NUMBER_OF_TIMESTAMP for column in description]
        try:
            for rows in result.partitions(PORTION):
                columns = zip(*rows, strict=True)
                yield _frame(
                    names, [_texts(column, instant) for column, instant in zip(columns, instants, strict=True)]
                )
        except GeneratorExit:  # else PyMySQL would fetch all that is left, now and once more when it is forgotten
            unread = getattr(result.cursor, "_result", None)
            if unread is not None:
                unread.unbuffered_active = False
            self.connection.invalidate()
            raise

    def _settings(self) -> tuple[str, ...]:
        if self.sqlite:
            return ("PRAGMA query_only = ON",)
        return ("SET SESSION time_zone = '+00:00'", "SET SESSION TRANSACTION READ ONLY")

    def tables(self) -> list[str]:
        statement = (
            "SELECT '', name, 1 FROM sqlite_master WHERE type IN ('table', 'view')"
            if self.sqlite
            else "SELECT table_schema, table_name, table_schema = DATABASE() FROM information_schema.tables WHERE "
            "table_schema NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')"
        )
        self.connection.rollback()
        return _table_names(self.connection.exec_driver_sql(statement).fetchall())

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


def _table_names(rows: Any) -> list[str]:
    """Tables as an option names them, those of the own schema first and without it."""
    own = sorted(name for _, name, is_own in rows if is_own)
    return own + sorted(f"{schema}.{name}" for schema, name, is_own in rows if not is_own)


def _arrow_frame(batch: Any) -> pd.DataFrame:
    """A record batch as text."""
    import pyarrow as pa

    texts: list[pd.Series | None] = []
    for column in batch.columns:
        if isinstance(column, pa.ExtensionArray) and column.type.extension_name == "arrow.uuid":
            texts.append(_texts(column.to_pylist(), False))
            continue
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            texts.append(_texts(column.to_pylist(), False))
        else:
            texts.append(column_text(column))
    return _frame(batch.schema.names, texts)


def _texts(cells: Any, instant: bool) -> pd.Series:
    """Cells of a column as text: bytes in hexadecimal, instants with their zone."""
    texts = [cell.hex() if isinstance(cell, bytes | bytearray) else cell_text(cell) for cell in cells]
    return pd.Series([f"{text}Z" if instant and text else text for text in texts], dtype="str")


def _frame(names: list[str], texts: list[pd.Series | None]) -> pd.DataFrame:
    """A table of text columns; those that are no text are left out.

    Raises
    ------
    DataError
        When two columns have the same name.
    """
    twice = [name for position, name in enumerate(names) if name in names[:position]]
    if twice:
        raise DataError(f"option query: the answer has {listing(twice)} more than once; name columns apart with AS.")
    kept = {name: text for name, text in zip(names, texts, strict=True) if text is not None}
    frame = pd.DataFrame(kept)
    frame.attrs["left out"] = [name for name in names if name not in kept]
    return frame


def _unreachable(error: Exception, address: str, place: str) -> str:
    return (
        f"{place}: the database does not let journeylab in: {_words(error, address)}. Is it running, and are host, port, "
        "user, password and database right in the environment variable?"
    )


def _refusal(server: Any, error: Exception, address: str, place: str, table: str | None) -> str:
    """Why a server does not answer, in our words where we know them."""
    if table is not None:
        try:
            names = server.tables()
        except server.failures:
            names = []
        if names and table not in names and table.rpartition(".")[2] not in names:
            return (
                f"{place}: there is no table '{table}' that the user of the database may read; there are "
                f"{listing(names, 30)}.{did_you_mean(table, names)}"
            )
    what = "the table" if table else "the query"
    return f"{place}: the database does not answer: {_words(error, address)}. Mend {what}, or try again."


def _words(error: Exception, address: str) -> str:
    """What a server says, in one line, without any password."""
    cause = getattr(error, "orig", None) or error
    text = str(cause.args[1]) if len(cause.args) > 1 and isinstance(cause.args[0], int) else str(cause)
    text = " ".join(text.partition("\n\nQuery was")[0].split())
    parts = urlsplit(address)
    secrets = {address, parts.password or "", unquote(parts.password or ""), *parse_qs(parts.query).get("password", ())}
    text = DRIVER_WORDS.sub("", text)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) > 3:  # marks in place of shorter ones would only show what they are
            text = text.replace(secret, "…")
    return text.rstrip(". ") or type(error).__name__
