"""Text to numbers and flags, strictly: what cannot be read is marked, never guessed."""

from __future__ import annotations

import numpy as np
import pandas as pd

YES = ("true", "yes", "y", "t", "1", "ja", "j", "wahr", "x")
NO = ("false", "no", "n", "f", "0", "nein", "falsch")
FLAGS = "yes or no (or true and false, 1 and 0)"

POINT = r"^[+-]?(?:\d+|\d{1,3}(?:[,' \u00a0\u202f]\d{3})+)?(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$"
COMMA = r"^[+-]?(?:\d+|\d{1,3}(?:[.' \u00a0\u202f]\d{3})+)?(?:,\d+)?(?:[eE][+-]?\d{1,3})?$"


def parse_numbers(text: pd.Series, decimal: str = ".") -> tuple[pd.Series, pd.Series]:
    """Parse numbers with a decimal point or comma; signs that group thousands are allowed.

    Returns
    -------
    values : Series of float64
        NaN where empty or bad.
    bad : Series of bool
        Cells that hold something that is no number.
    """
    text = text.str.strip().str.replace("\u2212", "-", regex=False)
    shaped = text.str.match(POINT if decimal == "." else COMMA) & text.str.contains(r"\d")
    plain = text.where(shaped)
    groups = r"[,' \u00a0\u202f]" if decimal == "." else r"[.' \u00a0\u202f]"
    if plain.str.contains(groups).any():
        plain = plain.str.replace(groups, "", regex=True)
    if decimal == ",":
        plain = plain.str.replace(",", ".", regex=False)
    values = pd.to_numeric(plain, errors="coerce").astype("float64")
    values = values.where(np.isfinite(values))
    return values, (text != "") & values.isna()


def parse_flags(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Parse yes and no.

    Returns
    -------
    values : Series of boolean
        NA where empty or bad.
    bad : Series of bool
        Cells that hold something else.
    """
    words = text.str.strip().str.lower()
    yes, no = words.isin(YES), words.isin(NO)
    values = yes.astype("boolean").mask(~(yes | no))
    return values, (words != "") & ~(yes | no)


def known_text(text: pd.Series) -> pd.Series:
    """Text without space around it, missing where empty."""
    text = text.str.strip()
    return text.where(text != "")


def settle(text: pd.Series) -> pd.Series:
    """Give an attribute the type that all of its filled cells have: number, flag or text.

    Numbers with leading zeros, such as post codes, stay text.
    """
    filled = text[text.str.strip() != ""]
    if filled.empty:
        return known_text(text)
    if filled.str.strip().str.lower().isin(("true", "false")).all():
        flags = parse_flags(text)[0]
        return flags if flags.isna().any() else flags.astype("bool")
    if filled.str.match(r"^\s*0\d").any():
        return known_text(text)
    values, bad = parse_numbers(text)
    grouped = filled.str.contains(r"[,' ]").any()
    return known_text(text) if bad.any() or grouped else values
