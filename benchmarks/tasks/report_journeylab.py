"""The whole of page 06 as its reader gets it: `journeylab run STUDY --only 06` on a study of the file."""

import json
import sys
import tempfile
from pathlib import Path

from shared import MINUTES, say

from journeylab.cli import main

STUDY = """
[study]
name = "clicks"
title = "Made-up clicks"
timezone = "UTC"
session_gap = "{gap}"

[events]
path = "{path}"

[[touchpoints]]
match = [{look}]
stage = "consideration"

[[touchpoints]]
match = "cart"
stage = "decision"

[[touchpoints]]
match = "order"
stage = "purchase"

[[outcomes]]
name = "order"
touchpoint = "order"
"""


def run(path: Path, folder: Path) -> dict:
    """Write a study, run page 06 of it, and read what it saved of the transitions."""
    look = ", ".join(f'"page {letter}"' for letter in "abcdefghijklmnopqrstuvw")
    study = folder / "study" / "study.toml"
    study.parent.mkdir()
    study.write_text(STUDY.format(gap=f"{MINUTES}min", path=path.resolve(), look=look), encoding="utf-8")
    failed = main(["run", str(study), "--only", "06", "--force", "--reports", str(folder / "reports")])
    if failed:
        raise SystemExit(failed)
    saved = next((folder / "reports" / "clicks").glob("*/results/transitions.json"))
    return json.loads(saved.read_text(encoding="utf-8"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        saved = run(Path(sys.argv[1]), Path(folder))
        say({"transitions": sum(row["n"] for row in saved["table"])})
