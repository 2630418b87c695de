"""Journeys parted by a value of their customers."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylab import journeys
from journeylab.errors import StudyError
from tests.walks import frame_of

J = journeys.build(frame_of([(name, 0, "home") for name in "pqrst"] + [("p", 90, "cart")]), by="session")
VALUES = pd.Series({"q": "new", "p": "loyal", "r": "new", "t": None, "nobody": "new"})


def test_parts_hold_the_journeys_of_their_customers_the_largest_first() -> None:
    parts = journeys.split_by(J, VALUES)
    assert list(parts) == ["loyal", "new"]
    assert [list(part.ids) for part in parts.values()] == [["p#1", "p#2"], ["q#1", "r#1"]]


def test_two_parts_by_name_or_size() -> None:
    assert list(journeys.two_parts(J, VALUES)) == ["loyal", "new"]
    assert list(journeys.two_parts(J, VALUES, "new, loyal")) == ["new", "loyal"]


@pytest.mark.parametrize(
    ("names", "said"), [("nwe, loyal", "Did you mean 'new'"), ("new", "two segments"), ("new, new", "two segments")]
)
def test_what_cannot_be_parted_is_said(names: str, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        journeys.two_parts(J, VALUES, names)
