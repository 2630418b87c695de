"""Which notebooks are there, what does each ask, and which were chosen?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from journeylab.errors import ReportError, did_you_mean, listing

Notebook = dict[str, Any]

START, DRIVER = "start_here.ipynb", "run_a_study.ipynb"
"""The tour of the package, and what runs a whole study for schedulers of notebooks: they lie here, and are no page of a run."""


class UnknownNotebookError(ReportError):
    """A notebook was asked for that is not there."""


def read_notebook(path: Path) -> Notebook:
    """Read an .ipynb file as JSON; nbformat would take a second to import for the same.

    Raises
    ------
    ReportError
        When the file is missing or is not a notebook of format 4.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReportError(f"{path}: there is no such notebook.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ReportError(f"{path}: is not a notebook: {error}.") from None
    if not isinstance(content, dict) or content.get("nbformat") != 4 or not isinstance(content.get("cells"), list):
        raise ReportError(f"{path}: is not a notebook of format 4; open and save it in JupyterLab.")
    return content


def source(cell: Notebook) -> str:
    """The text of a cell, which the format keeps as one string or as lines."""
    text = cell.get("source", "")
    return text if isinstance(text, str) else "".join(text)


def tags(cell: Notebook) -> set[str]:
    """The tags of a cell."""
    return set(cell.get("metadata", {}).get("tags", []))


def question(notebook: Notebook, fallback: str) -> str:
    """The first heading of the first level: the question that the notebook asks."""
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "markdown":
            match = re.search(r"^#[ \t]+(.+?)[ \t#]*$", source(cell), flags=re.MULTILINE)
            if match:
                return match[1]
    return title(fallback)


def title(stem: str) -> str:
    """A short name for links.

    Examples
    --------
    >>> title("07_touchpoint_impact"), title("notes")
    ('Touchpoint impact', 'Notes')
    """
    words = re.sub(r"^\d+[_-]+", "", stem).replace("_", " ").replace("-", " ").strip() or stem
    return words[:1].upper() + words[1:]


def find_notebooks(folder: Path | None = None) -> list[Path]:
    """List the notebooks in their order.

    Parameters
    ----------
    folder : Path, optional
        Where they lie. Without it: ``notebooks`` beside the package, then ``notebooks`` here and in the folders
        above, then those installed with the package.

    Raises
    ------
    ReportError
        When there are none.
    """
    package = Path(__file__).resolve().parent.parent
    here = Path.cwd()
    places = (
        [folder]
        if folder is not None
        else [
            package.parent / "notebooks",
            *(place / "notebooks" for place in (here, *here.parents)),
            package / "notebooks",
        ]
    )
    for place in places:
        found = sorted(
            file for file in place.glob("*.ipynb") if not file.name.startswith(".") and file.name not in {START, DRIVER}
        )
        if found:
            return found
    raise ReportError(f"{folder or here / 'notebooks'}: there are no notebooks (*.ipynb) here; name their folder.")


def choose(notebooks: Sequence[Path], only: Iterable[str] | None) -> list[Path]:
    """Pick notebooks by number (``05``), by name or by the start of a name.

    Raises
    ------
    UnknownNotebookError
        With the list of notebooks and the nearest name.
    """
    if not only:
        return list(notebooks)
    chosen: list[Path] = []
    names = [file.stem for file in notebooks]
    for word in only:
        wanted = Path(word).name.removesuffix(".ipynb")
        exact = [file for file in notebooks if file.stem == wanted]
        found = exact or [file for file in notebooks if wanted and file.stem.startswith(wanted)]
        if not found:
            plain = {re.sub(r"^\d+[_-]+", "", name): name for name in names}
            near = did_you_mean(wanted, [*names, *plain])
            raise UnknownNotebookError(f"--only {word}: there is no such notebook; there are {listing(names)}.{near}")
        chosen += [file for file in found if file not in chosen]
    return sorted(chosen)
