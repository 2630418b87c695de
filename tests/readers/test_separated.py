"""Rows of separated values, sound and damaged, against csv.reader of the whole text."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab.errors import DataError
from journeylab.readers import read_events, separated
from journeylab.readers.account import Account
from journeylab.readers.separated import cells_of

CELLS = st.text(st.sampled_from("ab ,;\"\n'é"), max_size=6)
ROWS = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8))


def _read(text: str, width: int, separator: str = ",") -> tuple[list[list[str]], int]:
    account = Account(Path("x.csv"), None, "x")
    found = [cells for _, cells in cells_of(iter(enumerate(text.split("\n"), 1)), separator, width, account)]
    return found, account.n_read


@settings(max_examples=100, deadline=None)
@given(ROWS, st.sampled_from([",", ";", "\t"]))
def test_cells_are_those_of_the_whole_text(rows: list[list[str]], separator: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    width = len(rows[0]) if rows else 2
    if rows:
        assert _read(text.getvalue()[:-1], width, separator) == (rows, 0)


@pytest.mark.parametrize("stray", ['"', 'a,"b,c', '"a,b,c', 'a,b,"c', '"a"b","c', 'a,"b"'])
def test_a_stray_quotation_mark_costs_its_own_row(stray: str) -> None:
    rows = [f"{number},x,y" for number in range(50)]
    rows[7] = rows[31] = stray
    rows[40] = '40,"two\nlines, and a comma",y'
    found, lost = _read("\n".join(rows), 3)
    sound = [cells for cells in found if len(cells) == 3 and cells[0].isdigit()]
    assert [cells[0] for cells in sound] == [str(number) for number in range(50) if number not in (7, 31)]
    assert sound[38][1] == "two\nlines, and a comma"
    assert lost + len(found) == 50


def test_a_mark_within_a_cell_is_a_sign_like_any_other() -> None:
    assert _read('1,a 5" pipe,y\n2,x,y\n3,b 7" pipe,y', 3) == (
        [["1", 'a 5" pipe', "y"], ["2", "x", "y"], ["3", 'b 7" pipe', "y"]],
        0,
    )


def test_a_mark_that_stays_open_is_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separated, "MOST_LINES", 100)
    text = "\n".join(['1,"x,y', *(f"{number},x,y" for number in range(2, 501))])
    assert len(_read(text, 3)[0]) == 499


@pytest.mark.parametrize("header", ['"a\rb', "a\rb\rc", '"'])
def test_a_header_that_is_none_is_refused(tmp_path: Path, header: str) -> None:
    (tmp_path / "x.csv").write_text(header + "\n1,2\n", newline="")
    with pytest.raises(DataError, match="holds no event"):
        read_events(tmp_path / "x.csv", format="ga4")
