"""Patterns of study.toml: what they match is what Python's own would, and no text makes them run for ever."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab.patterns import first_group, matcher, require_regular

signs = st.text("ab/[].\\^$|\n é", max_size=8)


@given(
    st.lists(st.one_of(signs, st.sampled_from(["*", "?", "a*", "*b?"])), max_size=3).map("".join),
    st.lists(signs, max_size=6),
)
def test_stars_match_what_python_matches(pattern: str, names: list[str]) -> None:
    of_python = re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
    assert matcher(pattern)(names).tolist() == [of_python.fullmatch(name) is not None for name in names]


@settings(deadline=None)
@given(
    st.sampled_from(["a|b", "(a|b)+", "a.?b*", "[^/]*", "^a$", "(?:ab)?/", "(a)|b", r"a\.", "a{2}", ""]),
    st.lists(signs, max_size=6),
)
def test_expressions_match_what_python_matches(expression: str, names: list[str]) -> None:
    expected = [re.fullmatch(expression, name) for name in names]
    assert matcher(f"re:{expression}")(names).tolist() == [found is not None for found in expected]


@given(st.sampled_from(["(a|b)", "(a)|b", "^(a+)/", "(?:a)(.)", "x(a)", "([^/]*)$"]), signs)
def test_the_first_group_is_that_of_python(expression: str, text: str) -> None:
    found = re.search(expression.replace("$", r"\Z"), text)
    assert first_group(expression, text) == (None if found is None else found[1] or "")


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("(", "no regular expression"),
        ("(?=a)b", "look-ahead"),
        (r"(a)\1", "back references"),
        (r"\Qa", "no regular expression"),
        ("a", "no group"),
    ],
)
def test_what_cannot_be_read_is_refused(expression: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        require_regular(expression, groups=1)


def test_patterns_that_never_end_in_python_end_here() -> None:
    long = ["a" * 100_000 + "!"]
    assert not matcher(["re:(a+)+b", "re:(a|a)*b", "*a" * 60 + "b"])(long).any()
    assert first_group("((?:a+)+)b", long[0]) is None
