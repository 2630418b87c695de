"""The dialect of positions: found in texts of any kind, said with its doubts, and never made up."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeylab.errors import DataQualityWarning
from journeylab.readers import CodedStudy, read_codings
from journeylab.readers.codings.dialects import Scorer
from journeylab.readers.codings.offsets import DIALECTS, place, prepare
from tests.readers.refi_files import coding, in_dialect, one_text, project, selection, source, write

pytestmark = pytest.mark.filterwarnings("ignore::journeylab.errors.DataQualityWarning")  # of a few short spans

WORDS = [
    "the",
    "parcel",
    "came",
    "late",
    "😀",
    "nobody",
    "Café",
    "👩‍💻",
    "don't",
    "pay",
    "—",
    "twice",
    "3,50",
    "refund",
    "über",
]


def _interview(seed: int, lines: int = 40) -> tuple[str, list[tuple[int, int]]]:
    """A text with line breaks of Windows and emoji, and spans of its LF text that begin and end with words."""
    rng = random.Random(seed)
    text, words, spans = "", [], []
    for _ in range(lines):
        for _ in range(rng.randint(3, 12)):
            word = rng.choice(WORDS) + rng.choice(("", "", "", ".", ","))
            words.append((len(text), len(text) + len(word)))
            text += word + " "
        text = text[:-1] + "\n"
    for _ in range(60):
        first = rng.randrange(len(words) - 8)
        spans.append((words[first][0], words[first + rng.randint(0, 7)][1]))
    return text, spans


def _read(folder: Path, text: str, spans: list[tuple[int, int]], dialect: str, **options: str) -> CodedStudy:
    raw = text.replace("\n", "\r\n")
    written = in_dialect(raw, spans, DIALECTS[dialect])
    return read_codings(one_text(folder, raw, *(selection(*span) for span in written)), **options)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("seed", range(3))
def test_each_of_the_eight_dialects_is_found_and_places_every_span(tmp_path: Path, dialect: str, seed: int) -> None:
    text, spans = _interview(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataQualityWarning)
        study = _read(tmp_path, text, spans, dialect)
    assert f"('{dialect}')" in study.report.notes[0]
    assert set(zip(study.segments["start"], study.segments["end"], strict=True)) == set(spans)
    for row in study.segments.itertuples():
        assert row.text == text[row.start : row.end]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.text(alphabet=st.sampled_from("ab \r\n😀é\u2028\ufeff中"), min_size=1, max_size=60),
    data=st.data(),
    dialect=st.sampled_from(list(DIALECTS)),
)
def test_positions_of_any_text_in_any_dialect_are_turned_to_code_points(
    raw: str, data: st.DataObject, dialect: str
) -> None:
    text = prepare(raw)
    if not text.text:
        return
    start = data.draw(st.integers(0, len(text.text) - 1))
    end = data.draw(st.integers(start + 1, len(text.text)))
    written = in_dialect(raw.removeprefix("\ufeff"), [(start, end)], DIALECTS[dialect])
    spans = place(text, DIALECTS[dialect], *(np.array([position]) for position in written[0]))
    assert spans.placed.all()
    assert not spans.cut.any()
    assert (spans.start[0], spans.end[0]) == (start, end)


def test_line_breaks_and_byte_order_mark_become_plain() -> None:
    text = prepare("\ufeffa\r\nb\rc\n\r\n😀\ufeff")
    assert text.text == "a\nb\nc\n\n😀\ufeff"
    assert text.breaks.tolist() == [1, 6]
    assert text.astral.tolist() == [7]


def test_the_option_is_obeyed_and_what_would_fit_better_is_said(tmp_path: Path) -> None:
    text, spans = _interview(5)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataQualityWarning)
        study = _read(tmp_path, text, spans, "utf16-crlf2", offsets="codepoint")
    assert "('codepoint'), as the option offsets says; 'utf16-crlf2' would fit best" in study.report.notes[0]
    assert set(zip(study.segments["start"], study.segments["end"], strict=True)) != set(spans)


def test_quoted_passages_decide_where_the_file_has_them(tmp_path: Path) -> None:
    text = "abcdefghij" * 20 + "\n" + "klmnopqrst" * 20  # no borders of words to go by
    spans = [(at, at + 7) for at in range(3, 180, 13)]
    quoted = [selection(start + 1, end, name=text[start + 1 : end + 1]) for start, end in spans]
    study = read_codings(one_text(tmp_path, text, *quoted))
    assert "('codepoint-inclusive'); score 1.000 by passages quoted in the file" in study.report.notes[0]
    assert study.segments["text"].tolist() == [text[start + 1 : end + 1] for start, end in spans]


def test_names_that_are_no_quotations_are_ignored_and_cut_ones_count(tmp_path: Path) -> None:
    text, spans = _interview(6)
    titled = [selection(*span, name=f"Quotation {at}") for at, span in enumerate(spans)]
    assert "by borders of words" in read_codings(one_text(tmp_path, text, *titled)).report.notes[0]
    cut = [selection(*span, name=text[slice(*span)][:6] + "…") for span in spans if span[1] - span[0] > 6]
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataQualityWarning)
        study = read_codings(one_text(tmp_path, text, *cut))
    assert "by passages quoted in the file" in study.report.notes[0]
    assert set(zip(study.segments["start"], study.segments["end"], strict=True)) <= set(spans)


def test_spans_that_fit_no_dialect_give_a_warning(tmp_path: Path) -> None:
    text, _ = _interview(7)
    rng = random.Random(7)
    spans = [(at, at + rng.randint(5, 40)) for at in rng.sample(range(len(text) - 50), 200)]
    with pytest.warns(
        DataQualityWarning, match=r"one\.qdpx: it is not certain how positions are counted: only 0\.\d\d"
    ):
        study = read_codings(one_text(tmp_path, text, *(selection(*span) for span in spans)))
    assert any(note.startswith("it is not certain how positions are counted: only") for note in study.report.notes)


def test_two_dialects_that_fit_alike_give_a_warning_and_the_likelier_is_taken(tmp_path: Path) -> None:
    with pytest.warns(DataQualityWarning, match="'codepoint-inclusive' fits as well"):
        study = read_codings(one_text(tmp_path, "It came late, too late.", selection(0, 12)))
    assert study.segments["text"].tolist() == ["It came late"]


def test_texts_without_spaces_between_words_give_no_false_alarm(tmp_path: Path) -> None:
    text = "荷物が遅れて届きました。誰も返事をくれませんでした。その後、返金されました。" * 5
    spans = [(at, at + 8) for at in range(0, 150, 9)]
    study = read_codings(one_text(tmp_path, text, *(selection(*span) for span in spans)), offsets="codepoint")
    assert "score 1.000" in study.report.notes[0]


def test_a_project_without_spans_has_no_dialect(tmp_path: Path) -> None:
    assert Scorer().decide() is None
    assert read_codings(one_text(tmp_path, "No span.")).report.notes == ()


LONG = "The parcel came too late and nobody answered. Refunded in the end, they said: never again from this shop."


QUOTES = (
    "The parcel",
    "came too late",
    "nobody answered",
    "Refunded",
    "never again",
    "they said",
    "the end",
    "this shop",
)
GOOD = [(LONG.index(quote), LONG.index(quote) + len(quote)) for quote in QUOTES]


def _long(*inside: str) -> str:
    return project(source("P01", *(selection(*span) for span in GOOD), *inside))


@pytest.mark.parametrize(
    ("start", "end"), [(90, 106), (-1, 10), (21, 21), (30, 10), ("x", 10), (None, 5), (10**30, 10**31)]
)
def test_a_span_that_is_not_in_its_text_is_said_and_keeps_document_and_code(
    tmp_path: Path, start: object, end: object
) -> None:
    study = read_codings(write(tmp_path / "x.qdpx", _long(selection(start, end)), {"sources/t-1.txt": LONG}))
    assert len(study.codings) == study.report.n_read == 9
    lost = study.segments[study.segments["start"].isna()]
    assert lost[["document_id", "end", "text"]].isna().values.tolist() == [[False, True, True]]
    assert lost["segment_id"].iloc[0].startswith("P01:unplaced ")
    assert any(
        note.startswith("1 spans could not be placed: they lie outside of their text; document and code are kept")
        for note in study.report.notes
    )
    placed = study.segments[study.segments["start"].notna()]
    assert [LONG[row.start : row.end] for row in placed.itertuples()] == placed["text"].tolist()


def test_a_span_out_of_range_is_found_by_its_quotation_or_keeps_it(tmp_path: Path) -> None:
    inside = [selection(start, end, name=LONG[start:end]) for start, end in GOOD]
    inside += [selection(500, 512, name="came too late"), selection(600, 604, name="from another text")]
    inside += [selection(700, 702, name="th")]  # stands there more than once
    study = read_codings(write(tmp_path / "x.qdpx", project(source("P01", *inside)), {"sources/t-1.txt": LONG}))
    assert LONG.count("th") > 1
    rows = study.segments.fillna({"start": -1, "end": -1})[["start", "end", "text"]].values.tolist()
    assert rows[-2:] == [[-1, -1, "from another text"], [-1, -1, "th"]]
    assert [*GOOD[1], "came too late"] in rows
    assert "1 spans out of range were found by the passage that the file quotes" in "\n".join(study.report.notes)
    assert len(study.segments) == 10  # the one that was found is the passage that others mean as well


def test_a_span_that_cuts_a_character_is_widened(tmp_path: Path) -> None:
    text = "a😀b " * 3 + "end"
    xml = project(source("P01", selection(2, 3, coding())))
    study = read_codings(write(tmp_path / "x.qdpx", xml, {"sources/t-1.txt": text}), offsets="utf16")
    assert study.segments[["start", "end", "text"]].values.tolist() == [[1, 2, "😀"]]
    assert "1 spans cut a character in two and were widened to it, such as document 'P01'" in study.report.notes
