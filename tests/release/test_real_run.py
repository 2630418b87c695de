"""A real public run of a small study goes through the gate, and nobody is in what comes out."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from journeylab.opening import open_study
from journeylab.report.pages import check_page
from journeylab.report.run import run_study
from tests.release.house import NAMES, SECRET_QUOTE, House, unpacked, write_house


def test_a_real_run_passes_and_tells_of_nobody(tmp_path: Path) -> None:
    folder = write_house(tmp_path / "small")
    house = House(tmp_path, open_study(folder))
    run = run_study(house.study, reports_dir=house.reports, only=["03"], parameters={"share": "public"})
    assert run.ok
    done = house.release(run.folder)
    files = unpacked(house.zip)
    assert {"index.html", "03_voices.html", "manifest.json"} <= set(files)
    whole = "\n".join(files.values())
    assert SECRET_QUOTE not in whole
    assert not any(part in whole for name in NAMES for part in name.split())
    assert not re.search(r"(?<![\w-])[pci]\d{1,2}(?!\w)", whole)
    assert str(folder) not in whole
    assert done.hidden  # 8 people were interviewed, so there are small cells
    for name in ("index.html", "03_voices.html"):
        page = tmp_path / name
        with zipfile.ZipFile(house.zip) as archive:
            page.write_bytes(archive.read(name))
        assert not [said for said in check_page(page) if "host" in said or "script" in said or "handler" in said]
