"""REFI-QDA files that are broken or meant to harm: a clear error or a reported loss, nothing outside is read or written."""

from __future__ import annotations

import io
import random
import re
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from journeylab.errors import DataError, JourneylabError
from journeylab.readers import CodedStudy, read_codings
from journeylab.readers.codings import archive, refi_passages
from tests.readers.coded import FOLDER
from tests.readers.refi_files import one_text, project, selection, source, write

pytestmark = pytest.mark.filterwarnings("ignore::journeylab.errors.DataQualityWarning", "ignore:Duplicate name")
TEXT = "The parcel came too late."
FINE = selection(16, 24)


def _notes(study: CodedStudy) -> str:
    return "\n".join(study.report.notes)


def _message(path: Path) -> str:
    with pytest.raises(DataError) as error:
        read_codings(path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.qdpx"
    assert "there is no such file" in _message(path)
    path.write_bytes(b"")
    assert "is empty (0 bytes)" in _message(path)
    path.write_bytes(b"not a zip")
    assert "is no zip archive, or one that is cut short or damaged" in _message(path)
    path.write_bytes(b"PK\x03\x04 nor this")
    assert "is no zip archive, or one that is cut short or damaged" in _message(path)
    whole = one_text(tmp_path, TEXT, FINE).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "is no zip archive, or one that is cut short or damaged" in _message(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "hello")
    assert "holds no project (.qde); it holds 'readme.txt'" in _message(path)
    with zipfile.ZipFile(path, "w"):
        pass
    assert "holds no project (.qde); it holds nothing" in _message(path)
    assert "is a folder" in _message(tmp_path)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("<Project><Sources></Project>", "line 1, column 21: is no XML, or damaged or cut short there (mismatched tag"),
        ("", "line 1, column 1: is no XML, or damaged or cut short there (no element found"),
        ("<Project/>x", "is no XML, or damaged or cut short there (junk after document element"),
        ("<html/>", "is no REFI-QDA file: it begins with <html>, not with <Project> or <CodeBook>"),
        ("<Project name='\x01'/>", "is no XML"),
        (
            "<?xml version='1.0' encoding='klingon'?><Project/>",
            "is XML that cannot be read (unknown encoding: klingon)",
        ),
        ("<Project>" + "<Set>" * 300 + "</Set>" * 300 + "</Project>", "more than 200 deep"),
        ("<Project>" + "<Code>" * 100_000, "more than 200 deep"),
    ],
)
def test_broken_xml_is_refused_with_its_place(tmp_path: Path, xml: str, said: str) -> None:
    assert said in _message(write(tmp_path / "x.qdpx", xml))
    book = tmp_path / "x.qdc"
    book.write_text(xml or " ", encoding="utf-8")
    message = _message(book)
    assert said in message or not xml


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE Project [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE Project [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE Project SYSTEM "http://127.0.0.1:9/x.dtd">',
        "<!DOCTYPE Project>",
    ],
)
def test_entities_and_document_types_are_refused(tmp_path: Path, doctype: str) -> None:
    xml = (
        project(source("P01", FINE, text=TEXT)).replace("<Project", f"{doctype}<Project", 1).replace(">The", ">&b;The")
    )
    assert "defines entities or a document type" in _message(write(tmp_path / "x.qdpx", xml))
    book = tmp_path / "x.qdc"
    book.write_text(f"{doctype}<CodeBook><Codes/></CodeBook>")
    assert "defines entities or a document type" in _message(book)


SECRET = "a secret outside of the archive"


@pytest.mark.parametrize(
    "path",
    [
        "relative:///secret.txt",
        "absolute:///{folder}/secret.txt",
        "internal://../secret.txt",
        "internal:///../secret.txt",
        "internal://%2e%2e/secret.txt",
        "internal://..\\secret.txt",
        "internal://{folder}/secret.txt",
        "file://{folder}/secret.txt",
        "{folder}/secret.txt",
        "../secret.txt",
        "internal://",
        "internal://C:/secret.txt",
    ],
)
def test_paths_that_lead_out_of_the_archive_are_not_followed(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.txt").write_text(SECRET)
    inside = tmp_path / "inside"
    inside.mkdir()
    xml = project(source("P01", FINE, path=path.format(folder=tmp_path)))
    study = read_codings(write(inside / "x.qdpx", xml, {"../secret.txt": SECRET, "/secret.txt": SECRET}))
    assert study.documents["text"].isna().all()
    assert SECRET not in study.documents.to_string() + study.segments.to_string()
    assert "1 documents have no text: " in _notes(study)
    assert "2 members of the archive have names that lead out of it and were not read" in _notes(study)
    assert len(study.codings) == 1


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = write(
        inside / "x.qdpx", project(source("P01", FINE)), {"sources/t-1.txt": TEXT, "../out.txt": "x", "/out.txt": "x"}
    )
    monkeypatch.chdir(inside)
    before = sorted(tmp_path.rglob("*"))
    read_codings(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    bomb = write(tmp_path / "x.qdpx", project(source("P01", FINE)), {"sources/t-1.txt": b"0" * 11 * archive.MEGABYTE})
    assert "sources/t-1.txt: unpacks to more than 200 times its size, as a zip bomb does" in _message(bomb)
    xml = "<Project>" + " " * 11 * archive.MEGABYTE + "</Project>"
    assert "unpacks to more than 200 times its size" in _message(write(tmp_path / "y.qdpx", xml))


def test_a_member_that_lies_about_its_size_is_refused_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x.qdpx", project(source("P01", FINE)), {"sources/t-1.txt": b"0" * 3 * archive.MEGABYTE})
    data = path.read_bytes()
    size = (3 * archive.MEGABYTE).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (100).to_bytes(4, "little")))
    study = read_codings(path)  # zipfile stops at the size that was said, and finds the sum wrong
    assert "its file is damaged in the archive" in _notes(study)
    assert study.documents["text"].isna().all()


@pytest.mark.parametrize(("cap", "value"), [("MOST_MEMBER", 10_000), ("MOST_BYTES", 25_000)])
def test_members_and_archives_over_the_caps_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: str, value: int
) -> None:
    rng = random.Random(0)
    texts = {
        f"sources/t-{at}.txt": "".join(rng.choices("abcdefgh ", k=9_000 if cap == "MOST_BYTES" else 11_000))
        for at in range(3)
    }
    path = write(tmp_path / "x.qdpx", project(*(source(f"P{at}", guid=f"t-{at}") for at in range(3))), texts)
    assert len(read_codings(path).documents) == 3
    monkeypatch.setattr(archive, cap, value)
    assert "holds more than is read" in _message(path)


def test_many_small_members_are_a_bomb_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"sources/t-{at}.txt": b"0" * archive.MEGABYTE for at in range(6)}
    path = write(tmp_path / "x.qdpx", project(*(source(f"P{at}", guid=f"t-{at}") for at in range(6))), texts)
    monkeypatch.setattr(archive, "SMALL_ARCHIVE", 5 * archive.MEGABYTE)
    assert "unpacks to more than 200 times its size" in _message(path)


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    path = write(tmp_path / "x.qdpx", project(), {f"{at}.txt": "" for at in range(5)})
    assert "holds 6 members; at most 3 are read" in _message(path)


def test_a_damaged_or_unusual_source_costs_its_text_only(tmp_path: Path) -> None:
    path = tmp_path / "x.qdpx"
    xml = project(*(source(f"P{at}", selection(16, 24, guid=f"s{at}"), guid=f"t-{at}") for at in range(4)))
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("project.qde", xml)
        file.writestr("sources/t-0.txt", TEXT)
        file.writestr("sources/t-1.txt", "DAMAGE ME" + TEXT)
        file.writestr("sources/t-2.txt", TEXT, compress_type=zipfile.ZIP_BZIP2)
    path.write_bytes(path.read_bytes().replace(b"DAMAGE ME", b"damaged!!"))
    study = read_codings(path)
    assert study.documents["text"].notna().tolist() == [True, False, False, False]
    assert "2 documents have no text: its file is damaged in the archive, such as 'P1'" in study.report.notes
    assert "1 documents have no text: its file is missing in the archive, such as 'P3'" in study.report.notes
    assert len(study.codings) == 4


def test_a_damaged_project_in_a_sound_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.qdpx"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("project.qde", project(source("P01", FINE, text=TEXT)))
    path.write_bytes(path.read_bytes().replace(b"parcel", b"PARCEL"))
    assert "project.qde: is damaged or cut short (Bad CRC-32" in _message(path)


def test_the_right_project_is_chosen_and_members_that_repeat_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "x.qdpx"
    with zipfile.ZipFile(path, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.writestr("backup/old.qde", "<Project/>")
        file.writestr("Sources/", "")
        file.writestr(".root", "")
        file.writestr("PROJECT.QDE", project(source("P01", FINE)))
        file.writestr("Sources/t-1.txt", TEXT)
        file.writestr("Sources/t-1.txt", "another")
    study = read_codings(path)
    assert study.documents["text"].tolist() == [TEXT]
    assert "the archive holds 2 projects" in _notes(study)


@pytest.mark.parametrize("repeated", ["User", "Code", "Variable", "Case", "TextSource", "PlainTextSelection"])
def test_guids_that_repeat_do_no_harm(shared: Path, tmp_path: Path, repeated: str) -> None:
    xml, members = _opened(shared / FOLDER / "spec_codepoint_lf.qdpx")
    first = re.search(rf'<{repeated} guid="([^"]+)"', xml)
    assert first is not None
    xml = re.sub(rf'<{repeated} guid="[^"]+"', first[0], xml)
    study = read_codings(write(tmp_path / "x.qdpx", xml, members))
    assert len(study.documents) == 3
    kinds = {"User": "users", "Code": "codes", "Variable": "variables", "Case": "cases"}
    if repeated in kinds:
        assert f"{kinds[repeated]} repeat the GUID of another; references to it mean the first" in _notes(study)


def test_thousands_of_the_same_name_take_no_more_time_each(tmp_path: Path) -> None:
    codes = "".join(f'<Code guid="{at}" name="x"/>' for at in range(20_000))
    sources = [source("P01", guid=str(at), text=TEXT) for at in range(5_000)]
    begin = time.process_time()
    study = read_codings(write(tmp_path / "x.qdpx", project(*sources, codes=codes)))
    assert time.process_time() - begin < 20
    assert study.codes["path"].tolist()[:2] + study.codes["path"].tolist()[-1:] == ["x", "x (2)", "x (20000)"]
    assert study.documents["document_id"].is_unique


def test_passages_that_would_fill_the_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refi_passages, "MOST_SIGNS", 100)
    assert len(read_codings(one_text(tmp_path, TEXT, *[FINE] * 12)).segments) == 1
    with pytest.raises(DataError, match="its passages hold more than 100 characters together"):
        read_codings(one_text(tmp_path, TEXT, *[FINE] * 13))


def _opened(path: Path) -> tuple[str, dict[str, bytes]]:
    """The XML and the other members of a project."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = next(name for name in members if name.lower().endswith(".qde"))
    return members.pop(name).decode(), members


# Mutated files: only errors with a message may be raised

ODD = (
    "",
    "-1",
    "0",
    "7",
    "99999999999999999999",
    "1e9",
    "NaN",
    "true",
    "😀",
    "../x",
    "internal://..",
    "\u202e",
    "x" * 5_000,
    "a/b",
)


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes) -> bytes:
    start, end = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:end] if rng.random() < 0.5 else data[:start] + data[end:]


def _packed(change: Callable[[random.Random, str], str]) -> Callable[[random.Random, bytes], bytes]:
    """A change of the XML, put back into a sound archive."""

    def changed(rng: random.Random, data: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            members = {name: file.read(name) for name in file.namelist()}
        name = next(name for name in members if name.lower().endswith(".qde"))
        members[name] = change(rng, members[name].decode()).encode("utf-8", "replace")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for member, content in members.items():
                file.writestr(
                    member, _flip(rng, content) if member != name and content and rng.random() < 0.1 else content
                )
        return out.getvalue()

    return changed


def _attributes(rng: random.Random, xml: str) -> str:
    places = list(re.finditer(r'="([^"]*)"', xml))
    values = [place[1] for place in places]
    for place in sorted(rng.sample(places, rng.randint(1, 12)), key=lambda each: -each.start()):
        value = rng.choice(ODD) if rng.random() < 0.6 else rng.choice(values)
        xml = f'{xml[: place.start()]}="{value}"{xml[place.end() :]}'
    return xml


def _names(rng: random.Random, xml: str) -> str:
    """Attributes and elements get the names of others."""
    for _ in range(rng.randint(1, 4)):
        if rng.random() < 0.5:
            names = re.findall(r" (\w+)=", xml)
            old = rng.choice(names)
            xml = xml.replace(f" {old}=", f" {rng.choice(['x' + old, old.upper()])}=", rng.choice([1, 10_000]))
        else:
            tags = sorted(set(re.findall(r"<(\w+)", xml)) - {"Project"})
            old, new = rng.choice(tags), rng.choice(tags)
            xml = re.sub(rf"(</?){old}\b", rf"\g<1>{new}", xml)
    return xml


def _elements(rng: random.Random, xml: str) -> str:
    """Elements are left out, doubled, or put elsewhere."""
    for _ in range(rng.randint(1, 6)):
        found = list(re.finditer(r"<(\w+)\b[^>]*?(?:/>|>.*?</\1>)", xml[300:], re.DOTALL))
        if not found:
            break
        one = rng.choice(found)
        start, end, text = one.start() + 300, one.end() + 300, one[0]
        what = rng.random()
        if what < 0.4:
            xml = xml[:start] + xml[end:]
        elif what < 0.7:
            xml = xml[:end] + text * rng.randint(1, 3) + xml[end:]
        else:
            xml = xml[:start] + xml[end:]
            goal = rng.choice([place.start() for place in re.finditer(r"<", xml[300:])]) + 300
            xml = xml[:goal] + text + xml[goal:]
    return xml


def _signs(rng: random.Random, xml: str) -> str:
    """Single signs are replaced by others."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(xml))
        xml = xml[:at] + rng.choice('aZ09 -"<>&/=\u00e9\U0001f600') + xml[at + 1 :]
    return xml


CHANGES: dict[str, tuple[Callable[[random.Random, bytes], bytes], int]] = {
    "bytes of the archive": (_flip, 100),
    "cuts": (_cut, 60),
    "values of attributes": (_packed(_attributes), 140),
    "names": (_packed(_names), 80),
    "elements": (_packed(_elements), 80),
    "signs of the XML": (_packed(_signs), 80),
}
SEEDS = ("nvivo_windows_utf16_crlf_bom", "qualcoder_bom_name_is_text", "no_users_source_variables_odd_qde", "")


@pytest.mark.parametrize("change", CHANGES)
def test_a_mutated_file_gives_tables_or_an_error_with_a_message(shared: Path, tmp_path: Path, change: str) -> None:
    mutate, times = CHANGES[change]
    seeds = [
        (
            shared / FOLDER / f"{name}.qdpx"
            if name
            else shared / "data/qualitative/refi_spec_MIT/skyloom_TestProject.qdpx"
        ).read_bytes()
        for name in SEEDS
    ]
    path = tmp_path / "x.qdpx"
    read, refusals = 0, []
    for number in range(times):
        rng = random.Random(f"{change} {number}")
        path.write_bytes(mutate(rng, seeds[number % len(seeds)]) or b"\0")
        try:
            study = read_codings(path)
        except JourneylabError as error:
            refusals.append(str(error))
        except Exception as error:
            raise AssertionError(f"{change}: mutation {number} gives {error!r}") from error
        else:
            read += 1
            assert study.report.n_kept == len(study.codings) + _uncoded(study), f"mutation {number}"
            texts = dict(zip(study.documents["document_id"], study.documents["text"], strict=True))
            for row in study.segments.dropna(subset=["start"]).itertuples():
                assert texts[row.document_id][row.start : row.end] == row.text, f"mutation {number}"
    assert read + len(refusals) == times
    assert all(message.startswith(str(path)) for message in refusals)
    assert len(refusals) > times / 2 if change == "cuts" else read > times / 10


def _uncoded(study: CodedStudy) -> int:
    """How many passages without a code the report says were kept."""
    if study.report.table == "codes":
        return study.report.n_kept
    found = re.search(r"([\d,]+) passages have no code", _notes(study))
    return int(found[1].replace(",", "")) if found else 0
