"""Run the notebooks on the demo study and keep what their last cells print; every other output is stripped."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"


def keep_claim(file: Path) -> str:
    """Run one notebook and write it back with the claim as its only output."""
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    for cell in notebook.cells[:-1]:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    last = notebook.cells[-1]
    last.execution_count = 1
    for output in last.outputs:
        if "execution_count" in output:
            output.execution_count = 1
    nbformat.write(notebook, file)
    return f"{file.name}: {''.join(output.get('text', '') for output in last.outputs)}"


if __name__ == "__main__":
    wanted = sys.argv[1:]
    files = [file for file in sorted(FOLDER.glob("0*.ipynb")) if not wanted or file.stem[:2] in wanted]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for line in pool.map(keep_claim, files):
            print(line)
