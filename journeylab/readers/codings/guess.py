"""Which tool wrote a table of codings: its headings tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journeylab.readers.codings.exports import plain_heading
from journeylab.readers.codings.nvivo import matrices_in
from journeylab.readers.files import read_headings
from journeylab.readers.options import TableOptions, make_options

WORDS = {
    "maxqda": (
        {"document name", "code", "segment"},
        {"dokumentname", "code", "segment"},
        {"nazwa dokumentu", "kod", "fragment"},
    ),
    "atlasti": (
        {"quotation content", "document", "codes"},
        {"text content", "document", "codes"},
        {"zitatinhalt", "dokument", "kodes"},
    ),
    "dedoose": ({"media title", "excerpt copy"},),
    "taguette_tables": ({"id", "document", "tag", "content"},),
}
"""Headings that only the tables of one tool hold together."""

CASE = re.compile(r"^(?:[A-Z]+|\d+) : ")
MAPPED = ("columns", "shape", "codes")
"""Options that say what a table is; then it is a plain one."""


def guess_table(path: Path, options: Mapping[str, Any]) -> str:
    """Name the format of a table, or of a folder of tables: "tabular" where no tool's headings are found.

    Raises
    ------
    DataError
        When the headings cannot be read.
    """
    if any(options.get(name) for name in MAPPED):
        return "tabular"
    known = {name: options[name] for name in ("separator", "encoding", "sheet") if name in options}
    return tell(
        read_headings(matrices_in(path)[0] if path.is_dir() else path, make_options(TableOptions, known, "codings"))
    )


def tell(headings: list[str]) -> str:
    """Name the tool that writes these headings, or "tabular".

    Examples
    --------
    >>> tell(["id", "document", "tag", "content"])
    'taguette_tables'
    >>> tell(["", "A : Interview 1", "B : Interview 2"])
    'nvivo'
    >>> tell(["document_id", "code", "coder"])
    'tabular'
    """
    words = {plain_heading(heading) for heading in headings}
    for name, prints in WORDS.items():
        if any(one <= words for one in prints):
            return name
    cases = [heading for heading in headings[1:] if heading]
    if cases and not headings[0] and all(CASE.match(heading) for heading in cases):
        return "nvivo"
    return "tabular"
