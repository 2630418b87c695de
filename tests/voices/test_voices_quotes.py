"""Where nobody can be quoted a report says why, once, and what would change it."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylab import voices

DOCUMENTS = pd.DataFrame({"document_id": ["I1", "I2"], "name": ["I1", "I2"], "source_file": ["q.csv", "q.csv"]})
CODES = pd.DataFrame({"code_id": ["late"], "path": ["Late"], "name": ["Late"], "codable": [True]})
CODINGS = pd.DataFrame({"segment_id": ["s1", "s2"], "code_id": "late", "coder": "Ada"})


def _segments(*words: str | None) -> pd.DataFrame:
    return pd.DataFrame({"segment_id": ["s1", "s2"], "document_id": ["I1", "I2"], "text": pd.array(words, dtype="str")})


def _crosswalk(*agreed: bool) -> pd.DataFrame:
    return pd.DataFrame({"participant_id": ["I1", "I2"], "customer_id": None, "consent_quotes": agreed})


SAID, NUMBERS = _segments("It was late", "late again"), _segments("call 0301234567", "late again")


@pytest.mark.parametrize(
    ("segments", "crosswalk", "share", "words"),
    [
        (SAID, None, "public", ["no [crosswalk]", "consent_quotes (yes or no)", "participant_id"]),
        (SAID, _crosswalk(False, False), "public", ["None of the 2 people", "consent_quotes = yes of none"]),
        (SAID, _crosswalk(False, False), "internal", ["None of the 2 people"]),
        (NUMBERS, _crosswalk(True, False), "public", ["Of the 1 person who agreed", "masked"]),
        (_segments(None, None), None, "internal", ["column text of [interviews]"]),
        (SAID, None, "internal", []),
        (SAID, _crosswalk(True, False), "public", []),
    ],
)
def test_the_reason_is_told_where_there_is_no_quote_and_only_there(
    segments: pd.DataFrame, crosswalk: pd.DataFrame | None, share: str, words: list[str]
) -> None:
    tables = (CODINGS, segments, DOCUMENTS, CODES, crosswalk)
    why = voices.why_no_quotes(*tables, share=share)
    assert all(word in why for word in words)
    assert bool(why) == bool(words)
    assert bool(why) == all(voices.quotes(*tables, rule=rule, share=share).empty for rule in voices.RULES)
