"""What can be set in a notebook, and is what was given right? Answered before any kernel starts."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import io
import json
import tokenize
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journeylab.config_values import require_span
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.report.notebooks import Notebook, read_notebook, source, tags

TRUE = {"true", "yes", "on", "1"}
FALSE = {"false", "no", "off", "0"}
WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text", "list": "a list",
         "dict": "a table"}  # fmt: skip


class ParameterError(StudyError):
    """A parameter that was given by the caller is unknown or of the wrong type."""


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell.

    Attributes
    ----------
    name : str
    kind : str
        int, float, bool, str, list or dict; "" where neither annotation nor default tells.
    optional : bool
        Whether None is allowed.
    default : object
        The value it has where none is given.
    help : str
        The comment at the end of its line.
    """

    name: str
    kind: str
    optional: bool
    default: Any
    help: str


def read_parameters(notebook: Path | Notebook) -> dict[str, Parameter]:
    """Read the cell tagged ``parameters``: names, types, defaults and help, without running it.

    Notes
    -----
    Read with `ast`: papermill's own inspection costs 2 to 3 s of imports before the first message.

    Raises
    ------
    StudyError
        When the cell is not plain assignments of plain values.
    """
    content = read_notebook(notebook) if isinstance(notebook, Path) else notebook
    where = notebook.name if isinstance(notebook, Path) else "notebook"
    cell = next((cell for cell in content["cells"] if "parameters" in tags(cell)), None)
    if cell is None:
        return {}
    text = source(cell)
    try:
        lines = ast.parse(text).body
    except SyntaxError as error:
        raise StudyError(
            f"{where}: the parameters cell is not valid Python: line {error.lineno}: {error.msg}."
        ) from None
    comments = _comments(text)
    found: dict[str, Parameter] = {}
    for line in lines:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None:
            name, annotation, value = line.target.id, ast.unparse(line.annotation), line.value
        elif isinstance(line, ast.Assign) and len(line.targets) == 1 and isinstance(line.targets[0], ast.Name):
            name, annotation, value = line.targets[0].id, "", line.value
        else:
            continue
        try:
            default = ast.literal_eval(value)
        except ValueError:
            raise StudyError(
                f"{where}: the default of parameter '{name}' must be a plain value, found {ast.unparse(value)}."
            ) from None
        kind, optional = _kind(annotation, default)
        found[name] = Parameter(name, kind, optional, default, comments.get(line.end_lineno or line.lineno, ""))
    return found


WORDS_OF = {"share": ("internal", "public")}
"""Parameters of which only these words are allowed, whichever notebook has them."""

SPANS = {"window", "within"}
"""Parameters that are spans of time, whichever notebook has them."""


def check_parameters(
    notebook: Path | Notebook, given: Mapping[str, Any], *, where: str = "parameters"
) -> dict[str, Any]:
    """Hold given parameters against those of a notebook, and convert text to the declared type.

    Parameters
    ----------
    given : mapping
        Name to value; text such as ``"5"`` becomes what the notebook declares.
    where : str
        Where they come from, for the message.

    Returns
    -------
    dict
        Name to converted value.

    Raises
    ------
    ParameterError
        For an unknown name (with the nearest one, and all) or a value of the wrong type.
    """
    known = read_parameters(notebook)
    label = f" of {notebook.stem}" if isinstance(notebook, Path) else ""
    checked = {}
    for name, value in given.items():
        if name not in known:
            there = f"there are {listing(known)}" if known else "it has none"
            raise ParameterError(f"{where}: '{name}' is no parameter{label}; {there}.{did_you_mean(name, known)}")
        checked[name] = convert(known[name], value, where=f"{where}: {name}{label}")
        if name in WORDS_OF and checked[name] not in WORDS_OF[name]:
            raise ParameterError(
                f"{where}: {name}{label}: found {checked[name]!r}, allowed are {listing(WORDS_OF[name])}."
                f"{did_you_mean(str(checked[name]), WORDS_OF[name])}"
            )
        if name in SPANS and checked[name]:
            try:
                require_span(str(checked[name]))
            except ValueError as error:
                raise ParameterError(f"{where}: {name}{label}: {error}") from None
    return checked


def convert(parameter: Parameter, value: Any, *, where: str) -> Any:
    """Turn a value into the declared type.

    Raises
    ------
    ParameterError
        When it cannot be, with what was found and what is allowed.
    """
    if parameter.optional and (value is None or value == "None" or value == ""):
        return None
    try:
        return _converted(parameter.kind, value)
    except (ValueError, TypeError):
        hint = f" ({parameter.help})" if parameter.help else ""
        wanted = WORDS.get(parameter.kind, parameter.kind)
        raise ParameterError(f"{where}: needs {wanted}{hint}, found {value!r}.") from None


def _converted(kind: str, value: Any) -> Any:
    """The value as `kind`, or ValueError."""
    if kind == "bool":
        word = str(value).lower()
        if not isinstance(value, bool) and word not in TRUE | FALSE:
            raise ValueError
        return word in TRUE
    if kind in {"int", "float"}:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError
        number = float(value)
        if kind == "float":
            return number
        if not isinstance(value, int) and number != int(number):
            raise ValueError
        return int(value) if isinstance(value, (int, str)) and not _has_point(value) else int(number)
    if kind == "str":
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if not isinstance(value, str):
            raise ValueError
        return value
    if kind in {"list", "dict"}:
        found = json.loads(value) if isinstance(value, str) else value
        if not isinstance(found, list if kind == "list" else dict):
            raise ValueError
        return found
    return value


def _has_point(value: int | str) -> bool:
    return isinstance(value, str) and any(mark in value.lower() for mark in ".e")


def _kind(annotation: str, default: Any) -> tuple[str, bool]:
    """The type of a parameter, and whether it may be None."""
    parts = [part.strip() for part in annotation.split("|")] if annotation else []
    optional = "None" in parts or default is None
    parts = [part for part in parts if part != "None"]
    kind = parts[0].split("[")[0] if parts else "" if default is None else type(default).__name__
    kind = {"tuple": "list", "Any": "", "object": ""}.get(kind, kind)
    return (kind if kind in WORDS else ""), optional


def _comments(text: str) -> dict[int, str]:
    """Line number to the comment at its end."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string.lstrip("# ").strip() for token in tokens if token.type == tokenize.COMMENT}
