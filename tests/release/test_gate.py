"""The gate as a command: which run, which key, what is in the zip, and that it is the same zip each time."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from journeylab.cli import main
from journeylab.errors import ReportError
from journeylab.release import runs
from journeylab.release.key import pseudonym, read_key
from journeylab.release.pictures import PictureError, clean_png
from journeylab.release.runs import find_run
from tests.browser import chromium, needs_chromium, opened
from tests.release.house import House, picture, shown, unpacked

PAGE = shown("Pages met", page=["home", "chat", "order placed"], n=[60, 30, 20]) + "<p>As c14 did.</p>"


def test_the_zip_tells_nothing_of_the_machine_and_its_manifest_is_true(house: House) -> None:
    house.release(
        house.run(PAGE, files={"notes.xlsx": b"PK\3\4 dagny", "03_voices.ipynb": "{}", "results/x.json": "{}"})
    )
    with zipfile.ZipFile(house.zip) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert (info.extra, info.comment) == (b"", b"")
            assert not info.filename.startswith("/")
            assert ".." not in info.filename
        told = {item["path"]: (item["bytes"], item["sha256"]) for item in manifest["files"]}
        for name in names:
            if name != "manifest.json":
                content = archive.read(name)
                assert told.pop(name) == (len(content), hashlib.sha256(content).hexdigest())
        assert not told
        assert archive.comment == b""
    assert sorted(names) == ["03_voices.html", "data/03-voices-01-pages-met.csv", "index.html", "manifest.json"]
    assert manifest["minimum_cell"] == 5
    assert manifest["done"]["ids replaced"] == 1


def test_the_same_run_and_key_give_the_same_bytes_and_another_key_other_pseudonyms(
    house: House, tmp_path: Path
) -> None:
    run = house.run(PAGE)
    house.release(run)
    first = house.zip.read_bytes()
    house.release(run)
    assert house.zip.read_bytes() == first
    mine = pseudonym(house.key.read_bytes(), house.study.name, "c14", "C")
    assert mine in unpacked(house.zip)["03_voices.html"]
    other = tmp_path / "other"
    other.write_text("another key of sufficient length", encoding="utf-8")
    other.chmod(0o600)
    house.release(run, key=other)
    assert mine not in unpacked(house.zip)["03_voices.html"]


def test_pseudonyms_are_those_of_hmac_sha256_and_differ_by_study() -> None:
    import base64
    import hmac

    mark = hmac.digest(b"k" * 16, b"shop\0c14", "sha256")
    assert pseudonym(b"k" * 16, "shop", "c14", "C") == "C-" + base64.b32encode(mark).decode()[:10]
    assert pseudonym(b"k" * 16, "other", "c14") != pseudonym(b"k" * 16, "shop", "c14")


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_a_key_is_made_for_its_owner_alone_and_refused_where_others_see_it(tmp_path: Path) -> None:
    file = tmp_path / "safe" / "key"
    key, note = read_key(file, outside=[])
    assert len(key) >= 32
    assert note is not None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_key(file, outside=[]) == (key, None)
    file.chmod(0o644)
    with pytest.raises(ReportError, match="others may read"):
        read_key(file, outside=[])
    file.chmod(0o600)
    with pytest.raises(ReportError, match="lies within"):
        read_key(file, outside=[tmp_path])
    link = tmp_path / "elsewhere"
    link.symlink_to(file)
    with pytest.raises(ReportError, match="lies within"):
        read_key(link, outside=[tmp_path / "safe"])
    file.write_bytes(b"short")
    with pytest.raises(ReportError, match="16 at least"):
        read_key(file, outside=[])


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(house: House, tmp_path: Path) -> None:
    run = house.run(shown("T", page=["alpha", "beta", "gamma"], n=[60, 3, 20]))
    before = sorted(tmp_path.rglob("*"))
    done = house.release(run, dry_run=True, key=tmp_path / "none" / "key")
    assert sorted(set(tmp_path.rglob("*")) - {house.key, house.key.parent}) == before
    assert len(done.hidden) == 2
    assert "03_voices.html: table 'T', row 'beta': fewer than the minimum" in done.hidden


def test_internal_failed_and_foreign_runs_are_refused(house: House) -> None:
    with pytest.raises(ReportError, match=r"the run is internal .*-p share public"):
        house.release(house.run(PAGE, share="internal"))
    with pytest.raises(ReportError, match="'03_voices' failed"):
        house.release(house.run(PAGE, status="failed"))
    run = house.run(PAGE)
    (run / "results" / "more.json").symlink_to("/etc/hostname")
    with pytest.raises(ReportError, match="is a link"):
        house.release(run)
    run = house.run(PAGE)
    (run / "run.json").write_text('{"study": "../../etc"}', encoding="utf-8")
    with pytest.raises(ReportError, match=r"run.json: is not a run's record"):
        house.release(run)
    run = house.run(PAGE + "<div>" * 5000)
    with pytest.raises(ReportError, match="DepthError"):
        house.release(run)


def test_a_run_too_large_to_look_through_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_FILE", 50_000)
    with pytest.raises(ReportError, match="too large"):
        house.release(house.run(PAGE, files={"results/x.json": " " * 60_000}))


def test_a_zip_that_is_there_is_kept_and_a_broken_list_of_releases_is_said(house: House) -> None:
    run = house.run(PAGE)
    house.zip.write_bytes(b"mine")
    with pytest.raises(ReportError, match="is there already"):
        house.release(run, force=False)
    assert house.zip.read_bytes() == b"mine"
    (run.parent / "releases.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ReportError, match=r"releases.json: the list of earlier releases cannot be read"):
        house.release(run)


def test_a_study_stands_for_its_newest_good_public_run(house: House) -> None:
    public = house.run(PAGE)
    house.run(PAGE, status="failed")
    internal = house.run(PAGE, share="internal")
    assert find_run("small", house.reports) == public
    assert find_run(str(internal), house.reports) == internal
    with pytest.raises(ReportError, match="holds none"):
        find_run("nothing", house.reports)


def test_the_command_makes_the_zip_or_says_why_not(
    house: House, study_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"HOME": str(house.folder)})
    given = ["--to", str(house.zip), "--reports", str(house.reports), "--study", str(study_folder)]
    run = house.run(PAGE)
    assert main(["release", str(run), *given]) == 0
    said = capsys.readouterr().out
    assert "a new key was made" in said
    assert "holds 4 files" in said
    assert (house.folder / ".config" / "journeylab" / "key").is_file()
    assert main(["release", str(house.run(PAGE, share="internal")), *given, "--force"]) == 1
    assert "is internal" in capsys.readouterr().err


def test_pictures_keep_their_pixels_and_nothing_else() -> None:
    import base64
    import re

    html = picture((b"tEXt", b"Author\0dagny"), (b"PLTE", b"\1\2\3"), after=b"more")
    content = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])  # type: ignore[index]
    cleaned, dropped = clean_png(content)
    assert dropped == 2
    assert cleaned == clean_png(cleaned)[0]
    assert b"PLTE" in cleaned
    assert b"dagny" not in cleaned
    for broken in (b"GIF89a", content[:40], content.replace(b"IDAT", b"IDAX", 1)):
        with pytest.raises(PictureError):
            clean_png(broken)


@needs_chromium
def test_the_unpacked_zip_opens_without_a_network_and_without_a_complaint(house: House, tmp_path: Path) -> None:
    house.release(
        house.run(f"<section>{picture()}{PAGE}</section>" + shown("T", page=["alpha", "beta", "gamma"], n=[60, 3, 20]))
    )
    with zipfile.ZipFile(house.zip) as archive:
        archive.extractall(tmp_path / "out")
    with chromium() as browser:
        for name in ("index.html", "03_voices.html"):
            with opened(browser, tmp_path / "out" / name) as (page, said):
                assert page.title()
                if name == "index.html":
                    page.click("text=Voices")
                assert page.inner_text("h1") == "Voices"
                assert not said


def test_a_passage_too_long_to_look_through_is_refused_with_its_place(house: House) -> None:
    with pytest.raises(ReportError, match=r"03_voices.html, part 'Pages met': a passage of more than 100,000 signs"):
        house.release(house.run(f"<section>{PAGE}<p>{'a ' * 60_000}</p></section>"))
