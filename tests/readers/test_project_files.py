"""What holds for the SQLite file of every coding program: bounds, positions, and that nothing is guessed."""

from __future__ import annotations

import contextlib
import html
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab.errors import DataError
from journeylab.readers import read_codings
from journeylab.readers.codings import databases
from journeylab.readers.codings.databases import Database, tell_format
from journeylab.readers.codings.placing import Text
from journeylab.readers.codings.taguette_text import flatten
from tests.projects import write_project

WORDS = st.text(alphabet="aß–😀é\u00a0 &<>'\"", min_size=1, max_size=12).filter(lambda word: word.strip())
WRITTEN = st.text(alphabet="ab\r\n😀\ufeff", max_size=30)


@given(paragraphs=st.lists(WORDS, min_size=1, max_size=6), glued=st.booleans(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_bytes_of_a_document_are_the_signs_that_stand_there(
    paragraphs: list[str], glued: bool, data: st.DataObject
) -> None:
    between = "" if glued else "\n"
    flat = flatten(between.join(f"<p>{html.escape(words)}</p>" for words in paragraphs))
    bare = between.join(paragraphs)
    start = data.draw(st.integers(0, len(bare) - 1))
    end = data.draw(st.integers(start + 1, len(bare)))
    before, through = len(bare[:start].encode()), len(bare[:end].encode())
    assert flat.span(before, through) == (start, end)
    first, last = flat.shown(start, end)
    assert flat.text[first:last].replace("\n", "") == bare[start:end].replace("\n", "")
    assert flat.text == "\n".join(paragraphs) + "\n"


@given(written=WRITTEN, data=st.data())
def test_positions_move_with_the_line_breaks_of_windows(written: str, data: st.DataObject) -> None:
    text = Text.of(written)
    plain = written.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert text.text == plain
    assert len(text) == len(written)
    start = data.draw(st.integers(0, len(written)))
    end = data.draw(st.integers(start, len(written)))
    there = plain[text.at(start) : text.at(end)]
    passage = written[start:end] if start else written[start:end].removeprefix("\ufeff")
    inside = start > 0 and written[start - 1 : start + 1] == "\r\n"
    cut = end < len(written) and end > start and written[end - 1 : end + 1] == "\r\n"
    if not (inside or cut):  # a span that begins or ends within a line break takes all of it, or nothing
        assert there == passage.replace("\r\n", "\n").replace("\r", "\n")


def test_large_files_and_tables_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_project(tmp_path / "x.rqda", {"coding": ("cid integer", [(number,) for number in range(50)])})
    with contextlib.closing(sqlite3.connect(path)) as connection:
        database = Database(path, connection, {"coding": {"cid": "cid"}}, size=10)
        with pytest.raises(DataError, match="holds more than the file can"):
            database.read("coding", ["cid"])
        assert (
            len(
                Database(path, connection, {"coding": {"cid": "cid"}}, size=path.stat().st_size).read("coding", ["cid"])
            )
            == 50
        )
    monkeypatch.setattr(databases, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match="at most 0 MB are read"):
        read_codings(path)


def test_a_cell_that_is_too_long_is_an_error_not_a_full_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {
        "source": ("id integer, name text, file text", [(1, "P1", "x" * 200_000)]),
        "freecode": ("id integer, name text", [(1, "Late")]),
        "coding": ("cid integer, fid integer, selfirst real, selend real", [(1, 1, 0, 5)]),
    }
    path = write_project(tmp_path / "x.rqda", tables)
    assert len(read_codings(path).codings) == 1
    monkeypatch.setattr(databases, "MOST_CELL", 100_000)
    with pytest.raises(DataError, match="too big"):
        read_codings(path)


def test_a_database_of_nobody_is_said_to_be_that(tmp_path: Path) -> None:
    path = write_project(tmp_path / "x.db", {"moz_places": ("id integer", []), "moz_hosts": ("id integer", [])})
    with pytest.raises(
        DataError, match=r"no project of Taguette, QualCoder, requal, RQDA; its tables are 'moz_places', 'moz_hosts'"
    ):
        tell_format(path)
    (tmp_path / "x.mx24").write_bytes(b"x")
    with pytest.raises(DataError, match=r"allowed: '\.csv'.*'\.sqlite3'.*'\.qda'"):
        read_codings(tmp_path / "x.mx24")
