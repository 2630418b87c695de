"""A figure leaves only where a table shows every number it draws; what it may tell beside is planted here."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import figures, html, journeys, privacy
from journeylab.behaviours.pictures import shared_steps
from journeylab.release.drawn import Row, read_mark, tables_of, vouched
from journeylab.release.markup import parse
from tests.release.house import SECRET_QUOTE, House, marked, picture, shown, unpacked

PAGES = ["alpha", "beta", "gamma", "delta", "omega"]
COUNTS = [60, 41, 3, 12, 37]
HIDES = shown("T", page=PAGES, n=COUNTS)
"""Gamma is small, and delta is hidden so that no sum gives gamma back."""

SAFE = shown("Pages met", page=["home", "chat", "order placed"], n=[60, 30, 20])


def released(house: House, body: str) -> str:
    house.release(house.run(f"<section>{body}</section>"))
    return unpacked(house.zip)["03_voices.html"]


def all_rows(**options: object) -> str:
    rows = {page: [n, None, None] for page, n in zip(PAGES, COUNTS, strict=True)}
    return marked(rows, series=["people"], **options)  # type: ignore[arg-type]


STAY_OUT = {
    "says nothing of itself": picture(draws=""),
    "says what cannot be read": picture(draws="[1, 2"),
    "says that it draws nothing": picture(draws='{"unit": "number", "series": [], "rows": []}'),
    "draws people": picture(draws="people"),
    "draws another number than the table": picture(draws=marked({"home": [61], "chat": [30]})),
    "draws a number beside those of the table": picture(draws=marked({"home": [60, 4], "chat": [30, 2]})),
    "draws a row that no table has": picture(draws=marked({"home": [60], "a page few meet": [30]})),
    "gives a row the numbers of another": picture(draws=marked({"home": [30], "chat": [60]})),
    "stands for fewer than the minimum": picture(draws='{"least": 4}'),
    "has few people painted in it": picture(words="Things\nchat (3 of 46)"),
    "has a name painted in it": picture(words="Things\nas Fumiko said"),
    "has an id painted in it": picture(words="home of c14"),
    "has a quote without consent painted in it": picture(words=f"… {SECRET_QUOTE} …"),
    "has a title that tells of few": picture(caption="Figure 1. Only 3 customers met the harbour"),
    "has an e-mail address in its title": picture(caption="Figure 1. Made for ann@example.org"),
}


@pytest.mark.parametrize("figure", STAY_OUT.values(), ids=STAY_OUT)
def test_a_figure_that_may_tell_more_stays_out(house: House, figure: str) -> None:
    page = released(house, figure + SAFE)
    assert "data:image" not in page
    assert 'class="missing"' in page
    with zipfile.ZipFile(house.zip) as archive:
        told = json.loads(archive.read("manifest.json"))["figures"]
    assert [figure["done"] for figure in told] == ["left out"]
    assert told[0]["why"]
    assert told[0]["page"] == "03_voices.html"
    assert "harbour" not in json.dumps(told)


@pytest.mark.parametrize(
    "figure",
    [picture(), picture(draws='{"least": 5}'), picture(alt="Bars. Only 3 of 46 customers met the harbour.")],
    ids=["every number in a table", "each mark stands for five or more", "only its description tells of few"],
)
def test_a_figure_whose_numbers_are_shown_stays_and_its_mark_goes(house: House, figure: str) -> None:
    page = released(house, figure + SAFE)
    assert "data:image" in page
    assert "data-draws" not in page
    assert "data-words" not in page
    assert "harbour" not in page
    alt = re.search(r'alt="([^"]*)"', page)
    assert alt is not None
    assert len(alt[1]) > 20


def test_a_figure_of_hidden_rows_is_drawn_anew_without_them(house: House) -> None:
    done = house.release(
        house.run(f"<section>{picture(draws=all_rows(), caption='Figure 7. People')}{HIDES}</section>")
    )
    page = unpacked(house.zip)["03_voices.html"].split("</html>")[0]
    assert "data:image" not in page
    drawn = re.search(r"<figure>.*?</figure>", page, re.DOTALL)
    assert drawn is not None
    assert [name for name in PAGES if f">{name}<" in drawn[0]] == ["alpha", "beta", "omega"]
    assert "Drawn anew from 3 of 5 rows" in drawn[0]
    dots = [float(x) for x in re.findall(r'd="M([\d.]+),[\d.]+m', drawn[0])]
    assert len(dots) == 3
    zero, tick = (float(re.search(rf'x="([\d.]+)"[^>]*>{n}<', drawn[0])[1]) for n in (0, 20))  # type: ignore[index]
    assert [round((dot - zero) / (tick - zero) * 20) for dot in dots] == [60, 41, 37]
    assert [(figure.name, figure.done) for figure in done.figures] == [("Figure 7", "drawn anew")]


def test_a_figure_that_draws_more_than_its_table_is_drawn_anew_from_the_table(house: House) -> None:
    told = json.loads(marked({"home": [60, 50, 70], "chat": [30, 20, 40]}, series=["people"])) | {"more": True}
    table = shown("T", page=["home", "chat"], n=[60, 30], low=["50", "20"], high=["70", "40"])
    page = released(house, picture(draws=json.dumps(told)) + table)
    assert "data:image" not in page
    assert "Drawn anew" in page


def test_a_series_or_a_label_that_tells_of_somebody_is_not_drawn_anew(house: House) -> None:
    page = released(house, picture(draws=marked({"alpha": [60, None, None], "beta": [41, None, None]}, series=["visits of c14"])
                                   .replace('"number"', '"number", "more": true')) + HIDES)  # fmt: skip
    assert "<figure>" not in page
    assert "c14" not in page


def arc(start: str, end: str, n: int) -> str:
    told = json.dumps({"unit": "percent", "series": [], "rows": [[[start, end], [n]]]})
    return (
        f'<g class="on" data-draws="{html.escape(told)}"><title>{start} to {end}: {n}</title><path d="M0,0V{n}"/></g>'
    )


def test_arcs_of_hidden_moves_go_and_the_others_stay(house: House) -> None:
    table = shown("Moves", start=["a1", "b1", "c1", "d1"], end=["x", "x", "y", "y"], n=[60, 40, 3, 12])
    arcs = "".join(arc(*move) for move in zip(["a1", "b1", "c1", "d1"], "xxyy", [60, 40, 3, 12], strict=True))
    unmarked = (
        '<path d="M0,0V3"/><text>3 of them</text><text>nobody goes round</text><g><rect class="pill" width="60"/></g>'
        '<rect width="3"/><g><circle r="3"/></g><polyline points="0,0 3,3"/><svg><path d="M0,0V3"/></svg>'
    )
    drawing = f'<svg role="img" aria-label="a1 to x: 60; c1 to y: 3">{arcs}{unmarked}</svg>'
    page = released(house, drawing + table).split("</html>")[0]
    assert re.findall(r"<title>(\w\w) to", page) == ["a1", "b1"]
    assert re.findall(r'd="M0,0V(\d+)"', page) == ["60", "40"]
    assert "3 of them" not in page
    assert re.findall(r"<rect[^>]*>", page) == ['<rect class="pill" width="60"/>']
    assert not re.search("<circle|<polyline", page)
    assert "nobody goes round" in page
    assert "c1 to y" not in page


def test_bars_stay_beside_words_that_were_not_touched(house: House) -> None:
    bar = '<svg class="bar" aria-hidden="true"><path d="M0,1H{}"/></svg>'
    told = {
        "one": ("60 of 110", 60),
        "two": ("30 of 110", 30),
        "three": ("Look at c14", 14),
        "four": ("3 of 46 came", 3),
    }
    cells = [f"<tr><th>{name}</th><td>{words}{bar.format(x)}</td></tr>" for name, (words, x) in told.items()]
    table = f"<table><caption>T</caption><tr><th>What</th><th>Said</th></tr>{''.join(cells)}</table>"
    page = released(house, table).split("</html>")[0]
    assert "M0,1H14" not in page
    assert "M0,1H3" not in page.replace("M0,1H30", "")
    assert "M0,1H60" in page


def test_numbers_count_as_shown_only_to_their_last_digit_and_with_their_unit() -> None:
    table = parse(
        "<table><tr><th>a</th><td>12.3 % (10.0 to 14.5 %)</td><td>−1.2 points</td><td>2.0 h</td>"
        "<td>9 of 12</td><td>0</td><td>7</td>"
        "<td>1,234</td><td>43 % (30.2 to 57.8 %; n = 46)</td></tr></table>"
    )
    tables = tables_of(table)
    for number, there in (
        (0.1234, True), (0.1236, False), (0.1, True), (0.145, True), (0.2, False), (-0.0118, True), (0.0118, False), (7200.0, True),
        (0.055, False), (-0.3, False), (0.0, True), (7.0, True), (7.3, False), (1233.6, True), (1235.0, False),
        (0.432, True),
        (43.0, False), (0.302, True), (30.2, False), (46.0, True), (7100.0, True),
        (7000.0, False),
        (0.75, True), (0.751, False), (12.0, True), (float("inf"), False),
    ):  # fmt: skip
        assert (vouched([Row(("a",), (number,))], tables) != [None]) is there, number
    assert vouched([Row(("b",), (0.123,))], tables) == [None]
    assert vouched([Row(("a",), (float("nan"),))], tables) != [None]


def test_a_hidden_number_is_not_taken_for_another_one_that_is_near_it() -> None:
    rows = [Row((name,), (share,)) for name, share in (("a", 0.31), ("b", 0.22), ("c", 0.05))]
    cells = {"a": ("31 %", "4 %"), "b": ("22 %", "7 %"), "c": ("not shown", "5 %")}
    own = "".join(f"<tr><th>{name}</th><td>{one}</td><td>{two}</td></tr>" for name, (one, two) in cells.items())
    other = "<tr><th>c</th><td>5 %</td></tr>"
    tables = tables_of(parse(f"<table>{other}</table><table>{own}</table>"))
    assert [row is None for row in vouched(rows, tables)] == [False, False, True]


def walks(seed: int = 3, n: int = 400) -> journeys.Journeys:
    rng = np.random.default_rng(seed)
    names = np.array(["home", "search", "product", "chat", "cart", "order"])
    weights = np.array([0.3, 0.2, 0.25, 0.02, 0.15, 0.08])
    rows = []
    for who in range(n):
        for step in range(rng.integers(1, 9)):
            rows.append(
                (
                    f"v{who}",
                    pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(who * 60 + step, "min"),
                    rng.choice(names, p=weights),
                )
            )
    return journeys.build(pd.DataFrame(rows, columns=["customer_id", "event_time", "touchpoint"]))


J = walks()


@pytest.mark.parametrize(
    ("result", "table"),
    [
        (journeys.reach(J), "table"),
        (journeys.funnel(J, steps=["home", "cart", "order"], ordered=False), "table"),
        (journeys.entries_and_exits(J), "table"),
        (journeys.friction(J, goal="order"), "shown"),
        (journeys.abandonment(J, goal="order", after="cart"), "table"),
        (journeys.transitions(J), "shown"),
        (journeys.conformance(J, ["home", "product", "cart", "order"]), "shown"),
        (journeys.subpaths(J), "shown"),
    ],
    ids=lambda given: type(given).__name__ if not isinstance(given, str) else given,
)
def test_figures_draw_what_their_tables_show(result: object, table: str) -> None:
    mark = read_mark(figures.mark(result.plot()))  # type: ignore[attr-defined]
    assert mark is not None
    assert len(mark.rows) > 1
    options = {
        name: getattr(result, name) for name in ("columns", "formats") if isinstance(getattr(result, name, None), dict)
    }
    tables = tables_of(parse(html.table(getattr(result, table), "T", **options)))
    shown = vouched(mark.rows, tables)
    assert [drawn.labels for drawn, there in zip(mark.rows, shown, strict=True) if there is None] == []


def test_a_flow_for_the_public_tells_of_no_few_by_itself_or_by_what_lacks() -> None:
    whole, held = journeys.flow(J), journeys.flow(J, minimum=5)
    assert (whole.table["n"] < 5).any()
    assert (held.table["n"] >= 5).all()
    keys = ["step", "from_touchpoint", "to_touchpoint"]
    gone = whole.table.merge(held.table[keys], on=keys, how="left", indicator=True).query("_merge == 'left_only'")
    for margin in (["step"], ["step", "from_touchpoint"], ["step", "to_touchpoint"]):
        left = held.table.groupby(margin)["n"].count()
        for name, part in gone.groupby(margin):
            assert (len(part) > 1 and part["n"].sum() >= 5 + len(part) - 1) or left.get(
                name if len(margin) > 1 else name[0], 0
            ) == 0
    drawn = held.to_html()
    counts = [int(n) for n in re.findall(r": (\d+) journeys", drawn)]
    assert counts
    assert min(counts) >= 5
    assert "fewer than 5" in drawn


def test_journeys_for_the_public_are_drawn_as_far_as_enough_go_the_same_way() -> None:
    rng = np.random.default_rng(8)
    grid = np.where(rng.random((300, 12)) < 0.7, 0, rng.integers(0, 4, (300, 12)))
    for row, length in enumerate(rng.integers(1, 13, 300)):
        grid[row, length:] = -1
    cut = shared_steps(grid, 5)
    assert 0 < (cut >= 0).sum() < (grid >= 0).sum()
    assert ((cut == grid) | (cut == -1)).all()
    for step in range(12):
        for row in np.flatnonzero(cut[:, step] >= 0):
            together = (cut[:, : step + 1] == cut[row, : step + 1]).all(axis=1)
            assert together.sum() >= 5
            lacking = (cut[:, :step] == cut[row, :step]).all(axis=1).sum() - (
                (cut[:, :step] == cut[row, :step]).all(axis=1) & (cut[:, step] >= 0)
            ).sum()
            assert lacking == 0 or lacking >= 5
    assert (shared_steps(grid, 1) == grid).all()


def test_each_step_of_a_curve_for_the_public_stands_for_enough_people() -> None:
    reached = np.cumsum(np.random.default_rng(1).integers(1, 4, 60))
    curve = pd.DataFrame({"reached": reached, "at_risk": 130 - reached})
    kept = privacy.in_steps_of_many(curve, 5)
    steps = np.diff([0, *kept["reached"]])
    assert len(kept) > 5
    assert steps.min() >= 5
    assert kept["at_risk"].min() >= 5
    waits = journeys.waiting_times(J, None, "order")
    assert read_mark(figures.mark(waits.plot())) == read_mark("people")
    mark = read_mark(figures.mark(waits.plot(minimum=5)))
    assert mark is not None
    assert mark.least == 5


def test_a_notebook_says_what_its_figures_draw(tmp_path: Path) -> None:
    from journeylab.report.render import render

    shown_as = {"alt": "Bars of three pages", "caption": "Pages", "draws": marked(), "words": 'a "b"\nc'}
    cell = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [
        {"output_type": "display_data", "data": {"image/png": picture().split("base64,")[1].split('"')[0]},
         "metadata": {"image/png": shown_as}}]}  # fmt: skip
    page = parse(render({"cells": [cell]}, stem="x", study="s", links=[], parameters={}, footer=""))
    figure = next(page.every("figure"))
    assert figure.attributes["data-draws"] == marked()
    assert figure.attributes["data-words"] == 'a "b"\nc'


def test_a_journey_that_stands_for_others_is_written_as_far_as_enough_go_it() -> None:
    from journeylab import behaviours

    found = behaviours.find(J, k=1, criteria=False)
    whole = behaviours.representatives(found, J).table
    held = behaviours.representatives(found, J, minimum=5).table
    ways = [collapsed(J.codes[start:end]) for start, end in zip(J.offsets[:-1], J.offsets[1:], strict=True)]
    assert len(held) == len(whole) > 0
    for told, at_full in zip(held["journey"], whole["journey"], strict=True):
        steps = [step for step in told.split(" → ") if step != "…"]
        assert at_full.startswith(told.removesuffix("…"))
        assert sum([J.touchpoints[code] for code in way[: len(steps)]] == steps for way in ways) >= 5


def collapsed(codes: np.ndarray) -> list[int]:
    return [int(code) for place, code in enumerate(codes) if not place or code != codes[place - 1]]
