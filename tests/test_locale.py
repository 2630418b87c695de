"""Numbers, dates and money follow the study's locale; without one they are as they were; files hold plain numbers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from babel.numbers import format_decimal
from small import write_small

from journeylab import figures, html, locales, text
from journeylab.errors import StudyError
from journeylab.opening import open_study
from journeylab.report.page import page
from journeylab.report.tables import read_tables

DAY = datetime.datetime(2026, 3, 9, 14, 5)


@pytest.fixture(autouse=True)
def plain_again() -> Iterator[None]:
    yield
    locales.use("")


WRITTEN = {
    "": ("1,234,567", "72.7 %", "+3.1 points", "1,234.50", "2026-03-09 14:05", "−71,992 EUR", "2.0 h"),
    "de_DE": ("1.234.567", "72,7 %", "+3,1 points", "1.234,50", "09.03.2026 14:05", "−71.992\xa0€", "2,0 h"),
    "fr_FR": ("1\u202f234\u202f567", "72,7 %", "+3,1 points", "1\u202f234,50", "09/03/2026 14:05", "−71\u202f992\xa0€", "2,0 h"),
    "en_US": ("1,234,567", "72.7 %", "+3.1 points", "1,234.50", "03/09/2026 14:05", "−€71,992", "2.0 h"),
    "en_IN": ("12,34,567", "72.7 %", "+3.1 points", "1,234.50", "09/03/2026 14:05", "−€71,992", "2.0 h"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_each_kind_of_number_is_written_as_the_locale_does(name: str) -> None:
    locales.use(name)
    money = text.money(-71992, "EUR", sign=True)
    found = (
        text.count(1234567),
        text.percent(0.7271),
        text.points(0.0312),
        text.fixed(1234.5, 2),
        text.moment(DAY),
        money,
    )
    assert (*found, text.duration(7200)) == WRITTEN[name]


@pytest.mark.parametrize("name", ["de_DE", "fr_FR", "en_IN", "de_CH", "sv_SE", "pt_BR", "hi_IN", "lv_LV", "he_IL"])
def test_digits_are_parted_as_babel_parts_them_and_read_back(name: str) -> None:
    locales.use(name)
    for value in (0, 7, 999, 1000, 12345.678, 1234567.5, 9876543210):
        shown = text.fixed(value, 3)
        assert shown == format_decimal(value, "#,##0.000" if locales.marks().sizes[1] == 3 else "#,##,##0.000", name)
        assert float(html.shown_number(shown)) == value
    assert html.shown_number(text.points(-0.0123)) == "-0.012"
    assert html.number_attributes(text.interval(0.1, 0.25)) == ' data-value="0.1" data-high="0.25"'
    assert html.number_attributes(text.moment(DAY)) == ' data-value="2026-03-09 14:05"'
    assert html.shown_number(text.moment(DAY)) == html.shown_number("1,23,4.5.6") == ""


def test_money_stands_where_the_locale_puts_it_and_other_units_after() -> None:
    locales.use("en_US")
    assert text.money_range(-1200, 3400, "EUR") == "−€1,200 to +€3,400"
    assert text.money(5, "outcomes") == "5 outcomes"
    assert text.money(5, "XQX") == "5 XQX"
    locales.use("de_DE")
    assert text.money_range(-1200, 0, "EUR") == "−1.200 to 0\xa0€"


def test_a_table_is_shown_by_locale_and_its_file_is_the_same() -> None:
    frame = pd.DataFrame(
        {"id": ["1.234", "09.03.2026"], "n": [12345, 7], "share": [0.5, 0.123], "at": pd.to_datetime([DAY, None]),
         "said": ["v1.2", "2 h"], "seconds": [7200.0, 42.0]}
    )  # fmt: skip

    def shown(name: str) -> str:
        locales.use(name)
        written = frame.assign(p=[text.p_value(0.031), text.p_value(0.4)], nps=[text.signed(-50, 1), text.MISSING])
        return page(stem="x", title="t", study="s", links=[], body=html.table(written, "T"), footer="")

    plain, german = shown(""), shown("de_DE")
    for words in ("12.345", "12,3 %", "09.03.2026 14:05", "0,031", "−50,0", 'data-marks=",."'):
        assert words in german
        assert words not in plain
    files = [read_tables(each)["x-01-t.csv"] for each in (plain, german)]
    assert files[0] == [
        ["Id", "n", "Share", "At", "Said", "Seconds", "P", "Nps"],
        ["1.234", "12345", "0.5", "2026-03-09 14:05", "v1.2", "7200", "0.031", "-50"],
        ["09.03.2026", "7", "0.123", "", "2 h", "42", "0.40", "–"],
    ]
    files[0][2][6] = "0.4"  # a number has no last zero
    assert files[0] == files[1]


def test_ticks_follow() -> None:
    ax = figures.new_axes(width=3, height=2)
    ax.plot([0, 0.5], [0, 4000])
    ax.yaxis.set_major_formatter("{x:,.0f}")
    locales.use("de_DE")
    drawn = figures.svg(ax)
    words = [label.get_text() for axis in (ax.xaxis, ax.yaxis) for label in axis.get_ticklabels()]
    assert "<svg" in drawn
    assert "0,2" in words
    assert "4.000" in words
    assert not any("." in word and word != "4.000" for word in words if word[:2] == "0.")


def test_study_toml_names_it_and_an_unknown_one_is_refused_with_its_nearest(tmp_path: Path) -> None:
    file = write_small(tmp_path) / "study.toml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace('timezone = "UTC"', 'timezone = "UTC"\nlocale = "fr-FR"'), encoding="utf-8")
    assert open_study(tmp_path).config.study.locale == locales.marks().name == "fr_FR"
    file.write_text(before.replace('timezone = "UTC"', 'timezone = "UTC"\nlocale = "de_GE"'), encoding="utf-8")
    with pytest.raises(StudyError, match=r"study\.locale.*'de_GE' is no known locale.*Did you mean 'de_DE'"):
        open_study(tmp_path)
    file.write_text(before, encoding="utf-8")
    open_study(tmp_path)
    assert locales.marks() is locales.PLAIN


def test_days_that_are_kept_in_iso_are_written_by_the_locale() -> None:
    from journeylab import journeymap
    from journeylab.journeymap import Cell, Lane
    from journeylab.journeymap.drawing.cell import source
    from journeylab.journeymap.drawing.picture import footer
    from journeylab.journeymap.model import assemble

    def drawn(until: str) -> journeymap.JourneyMap:
        cell = Cell(("a",), n=9, source="orders", until=until)
        return assemble("t", ("s",), (Lane("pains", "Pains", (cell,)),), data_until=until)

    now, then = drawn("2026-03-28"), drawn("2026-02-27")
    for name, first, last in (("de_DE", "27.02.2026", "28.03.2026"), ("", "2026-02-27", "2026-03-28")):
        locales.use(name)
        assert f"(data until {first} and until {last})" in journeymap.changed(now, then).summary()
        assert source(now.lanes[0].cells[0]) == f"orders to {last}"
        assert f"data to {last}" in footer(now)
        assert text.day("some day") == "some day"
    assert text.date(DAY, "%-d %b %Y") == "9 Mar 2026"


def test_days_of_study_toml_are_written_by_the_locale(tmp_path: Path) -> None:
    from journeylab import journeymap

    folder = write_small(tmp_path)
    file = folder / "study.toml"
    words = file.read_text(encoding="utf-8").replace('outcome = "order"', 'outcome = "order"\nby = 2026-12-31', 1)
    settings = 'timezone = "UTC"\nlocale = "de_DE"\nlast_day = 2026-03-20'
    file.write_text(words.replace('timezone = "UTC"', settings), encoding="utf-8")
    study = open_study(folder)
    goals = journeymap.measure_goals(study)
    assert goals.shown["by"].tolist() == ["31.12.2026"]
    reasons = " ".join(map(str, study.left_out["reason"]))
    assert reasons == "after last_day, 20.03.2026"
    drawn = journeymap.draw(study)
    assert "goal 30,0 % by 31.12.2026" in drawn.to_html().replace("\xa0", " ")


def test_a_run_in_german_has_german_pages_and_plain_files(tmp_path: Path) -> None:
    from journeylab.report.run import run_study

    folder = write_small(tmp_path / "study")
    file = folder / "study.toml"
    words = file.read_text(encoding="utf-8")
    file.write_text(words.replace('timezone = "UTC"', 'timezone = "UTC"\nlocale = "de_DE"'), encoding="utf-8")
    done = run_study(open_study(folder), reports_dir=tmp_path / "reports", only=["06", "09"])
    assert done.ok
    for name in ("index", "06_friction", "09_findings"):
        whole = (done.folder / f"{name}.html").read_text(encoding="utf-8")
        read = re.sub(
            r'<(script|style|details class="code").*?</(script|style|details)>|src="[^"]*"', "", whole, flags=re.S
        )
        assert re.search(r"\d,\d %", read), name
        assert not re.search(r"\d\.\d ?%|\d\.\d to \d", read), name
        assert re.search(r">\d\d\.\d\d\.20\d\d \d\d:\d\d UTC<", read), name
    found = "".join(file.read_text("utf-8-sig") for file in sorted((done.folder / "data").glob("06-*.csv")))
    assert re.search(r",0\.\d+,", found)
    assert not re.search(r'(^|,)"\d+,\d+"(,|$)', found, flags=re.M)
