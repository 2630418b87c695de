"""A small study with people who have names, and public runs of it whose pages can be written by hand."""

from __future__ import annotations

import base64
import html as markup
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from journeylab.html import table
from journeylab.opening import open_study
from journeylab.release import Release, release
from journeylab.report.page import Link, page
from journeylab.report.record import describe_inputs, now
from journeylab.report.tables import write_tables
from journeylab.study import Study
from tests.small import write_small

KEY = "0123456789abcdef0123456789abcdef"
NAMES = ["Anneliese Kowalczyk", "Bertram Oyelaran", "Clementine Fauré", "Dagny Lindqvist", "Emeka Obi", "Fumiko Sato",
         "Gregor Hansen", "Hyacinth Bouquet"]  # fmt: skip
SECRET_QUOTE = "the lamp flickered whenever my grandmother in Uppsala switched on her old radio"
OPEN_QUOTE = "the chat answered before I had finished my tea and I was glad of it"
GONE_QUOTE = "my late husband had always ordered these bulbs from the shop in the harbour"


def write_house(folder: Path) -> Path:
    """The small study with names, a list of names to mask, and three longer quotes: agreed (p1), not agreed (p2), p3's."""
    write_small(folder)
    with (folder / "raw" / "codings.csv").open("a", encoding="utf-8") as codings:
        codings.write(f"i1,slow,anna,{OPEN_QUOTE}\ni2,slow,anna,{SECRET_QUOTE}\ni3,slow,anna,{GONE_QUOTE}\n")
    people = "".join(f"p{number},{name}\n" for number, name in enumerate(NAMES))
    (folder / "raw" / "participants.csv").write_text("participant_id,full_name\n" + people, encoding="utf-8")
    toml = folder / "study.toml"
    told = '\n[interviews.participants]\npath = "raw/participants.csv"\n\n[privacy]\nminimum_cell = 5\nnames = ["Lumen & Sons"]\n'
    toml.write_text(toml.read_text(encoding="utf-8") + told, encoding="utf-8")
    return folder


class House:
    """A study, and a place for runs and releases of it."""

    def __init__(self, folder: Path, study: Study) -> None:
        self.folder, self.study = folder, study
        self.reports = folder / "reports"
        self.key = folder / "safe" / "key"
        self.runs = 0

    def run(
        self, body: str, *, files: dict[str, str | bytes] | None = None, share: str = "public", status: str = "done"
    ) -> Path:
        """Write a run with one page, and more files if asked."""
        self.runs += 1
        run = self.reports / self.study.name / f"2026-05-{self.runs:02d}T06-00-00Z"
        (run / "results").mkdir(parents=True)
        links = [Link("index.html", "Overview"), Link("03_voices.html", "Voices")]
        for stem, inner in (
            ("index", "<h1>Answers</h1><p>See the pages.</p>"),
            ("03_voices", f"<h1>Voices</h1>{body}"),
        ):
            text = page(stem=stem, title="A page", study="A small study", links=links, body=inner, footer="<p>Run</p>")
            (run / f"{stem}.html").write_text(text, encoding="utf-8")
            write_tables(text, run)
        record = {
            "study": self.study.name,
            "title": self.study.title,
            "created": f"2026-05-{self.runs:02d}T06:00:00+00:00",
            "inputs": describe_inputs(self.study, now()),
            "parameters": {"03_voices": {"share": share}},
            "notebooks": [{"name": "03_voices", "status": status}],
        }
        (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
        for name, content in (files or {}).items():
            (run / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return run

    def release(self, run: Path, study: Study | None = None, **options: object) -> Release:
        """Release a run."""
        self.key.parent.mkdir(exist_ok=True)
        if not self.key.exists():
            self.key.write_text(KEY, encoding="utf-8")
            self.key.chmod(0o600)
        given = {"reports": self.reports, "key": self.key, "environment": {}, "force": True, **options}
        return release(str(run), self.folder / "out.zip", study=study or self.study, **given)  # type: ignore[arg-type]

    @property
    def zip(self) -> Path:
        return self.folder / "out.zip"


def unpacked(file: Path) -> dict[str, str]:
    """The text of every file of a release, with the pictures in it decoded, for looking for what should not be there."""
    with zipfile.ZipFile(file) as archive:
        found = {}
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8-sig")
            for picture in text.split("data:image/png;base64,")[1:]:
                text += base64.b64decode(picture.split('"')[0]).decode("latin-1")
            found[name] = text + markup.unescape(text)
        return found


def shown(caption: str, **columns: list[object]) -> str:
    """A table as the notebooks show it."""
    formats = {name: "percent" for name in columns if "share" in name}
    return f"<h2>{caption}</h2>" + table(pd.DataFrame(columns), caption, formats=formats)


ROWS = {"home": [60], "chat": [30], "order placed": [20]}


def marked(rows: Mapping[str, Sequence[float | None]] = ROWS, *, series: Sequence[str] = ()) -> str:
    """What a figure says that it draws, as it stands in a page."""
    told = {
        "unit": "number",
        "series": list(series),
        "rows": [[[name], list(numbers)] for name, numbers in rows.items()],
    }
    return json.dumps(told)


def picture(
    *chunks: tuple[bytes, bytes], after: bytes = b"", alt: str = "Bars of three things with their sizes",
    draws: str | None = None, words: str = "Things", caption: str = "Things",
) -> str:  # fmt: skip
    """A figure of one pixel, with more chunks; it says that it draws the rows of the safe table, if not told otherwise."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        *chunks,
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts) + after
    return (
        f'<figure data-draws="{markup.escape(marked() if draws is None else draws)}" data-words="{markup.escape(words)}"><img '
        f'src="data:image/png;base64,{base64.b64encode(content).decode()}" alt="{markup.escape(alt)}" width="1" '
        f'height="1"><figcaption>{markup.escape(caption)}</figcaption></figure>'
    )


def opened(folder: Path) -> Study:
    """The study of a house, its events read."""
    return open_study(folder)
