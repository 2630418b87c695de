"""What the last cell of each notebook prints on the demo study: kept beside the tests, and put back for them to check.

`claims.py [01 06 ...]` runs the notebooks and writes what they claim to tests/notebooks/claims; `claims.py --copies FOLDER`
writes copies of all notebooks with these claims as the output of their last cells, for nbval to run and compare.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("0*.ipynb"))
CLAIMS = REPOSITORY / "tests/notebooks/claims"


def keep_claim(file: Path) -> str:
    """Run one notebook, which stays as it is, and keep what its last cell prints."""
    notebook = nbformat.read(file, as_version=4)
    place = {"metadata": {"path": str(file.parent)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=place).execute()
    claim = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    (CLAIMS / f"{file.stem}.txt").write_text(claim, encoding="utf-8")
    return f"{file.name}: {claim}"


def write_copy(file: Path, folder: Path) -> None:
    """Write a copy of a notebook whose last cell has its claim as output."""
    notebook = nbformat.read(file, as_version=4)
    claim = (CLAIMS / f"{file.stem}.txt").read_text(encoding="utf-8")
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=claim)]
    notebook.cells[-1].execution_count = 1
    nbformat.write(notebook, folder / file.name)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--copies"]:
        to = Path(sys.argv[2])
        to.mkdir(parents=True, exist_ok=True)
        for notebook_file in NOTEBOOKS:
            write_copy(notebook_file, to)
    else:
        wanted = [file for file in NOTEBOOKS if len(sys.argv) == 1 or file.stem[:2] in sys.argv[1:]]
        with ThreadPoolExecutor(max_workers=2) as pool:
            for line in pool.map(keep_claim, wanted):
                print(line)
