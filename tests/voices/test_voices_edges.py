"""Little or nothing to say, and words that are no formulas: a sentence and a figure all the same."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from people import codebook, interviews, spoken

from journeylab import figures, voices
from journeylab.results import Result

FORMULA = "costs $5, not $x_{"
CODES = codebook(("slow", -1, "buy"), ("nice", 1, "buy"), (FORMULA, 0, None))
DOCUMENTS = interviews(3)
GROUPS = pd.Series(["x", "y", "y"], index=["p0", "p1", "p2"])
STUDIES = {
    "nothing coded": spoken(("d0", "slow")).iloc[:0],
    "one coding": spoken(("d0", "slow")),
    "dollar signs": spoken(("d0", FORMULA), ("d1", FORMULA), ("d1", "slow"), ("d2", "nice"), ("d2", FORMULA)),
}


def results(codings: pd.DataFrame) -> list[Result]:
    return [
        voices.prevalence(codings, CODES, DOCUMENTS),
        voices.valence_by_stage(codings, CODES, DOCUMENTS),
        voices.code_by_group(codings, CODES, DOCUMENTS, group=GROUPS),
        voices.cooccurrence(codings, CODES, DOCUMENTS, reach=1, draws=20),
        voices.cooccurrence(codings, CODES, DOCUMENTS, reach=None),
        voices.saturation(codings, list(DOCUMENTS["document_id"]), draws=20),
    ]


@pytest.mark.parametrize("name", STUDIES)
def test_every_result_has_a_sentence_a_figure_and_its_json(name: str) -> None:
    for result in results(STUDIES[name]):
        assert len(result.summary()) > 15
        assert "nan" not in result.summary()
        ax = result.plot()
        assert len(figures.alt_text(ax)) >= 20
        assert figures.png(ax).startswith(b"\x89PNG")
        assert json.loads(result.to_json())["summary"] == result.summary()
        for view in ("shown", "tree"):
            assert isinstance(getattr(result, view, pd.DataFrame()), pd.DataFrame)


@pytest.mark.parametrize("rule", voices.RULES)
@pytest.mark.parametrize("name", STUDIES)
def test_quotes_are_a_table_also_of_nothing(name: str, rule: str) -> None:
    codings = STUDIES[name]
    segments = codings[["segment_id", "document_id"]].assign(text="words")
    found = voices.quotes(codings, segments, DOCUMENTS, CODES, rule=rule)
    assert list(found) == ["code", "stage", "quote", "participant", "document_id", "coders", "consent", "rule"]
    assert voices.quotes(codings, segments, DOCUMENTS, CODES, rule=rule, share="public").empty


def test_no_answers_give_reasons_and_not_numbers() -> None:
    for score in (voices.nps([]), voices.csat([]), voices.ces([]), voices.seq([]), voices.completion([]), voices.task_time([]),
                  voices.sus([]), voices.umux_lite([]), voices.pssuq([])["overall"]):  # fmt: skip
        assert score.value != score.value
        assert score.reason
        assert score.summary().startswith("No score")
