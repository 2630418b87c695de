"""What the fuzz starts from: small sound files of every format that is read, with what lies beside them."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import journeylab as jl
from journeylab import journeymap
from tests.small import STUDY, write_small

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SHARED = REPOSITORY.parent / "shared" / "data"
SMALL = 24_000
"""Of longer files made of lines the first ones are taken, so many bytes."""
LARGEST = 120_000
"""Longer files that are one document are left out."""


@dataclasses.dataclass(frozen=True)
class Seed:
    """One file to be mutated, and how it is read.

    Attributes
    ----------
    label : str
    kind : str
        "events", "codings", "survey", the name of a contract table, "map", "config" or "study".
    name : str
        Of the file.
    data : bytes
    format : str or None
    options : mapping
    beside : mapping
        Other files of the folder, which stay as they are.
    """

    label: str
    kind: str
    name: str
    data: bytes
    format: str | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    beside: Mapping[str, bytes] = dataclasses.field(default_factory=dict)


def all_seeds() -> list[Seed]:
    """Every seed there is on this machine, in an order that depends on nothing else."""
    seeds = [*_own(), *_studies()]
    if SHARED.is_dir():
        seeds += [*_vendors(), *_coded(), *_large()]
    return sorted(seeds, key=lambda seed: seed.label)


def kept_seeds(file: Path) -> list[Seed]:
    """The seeds, kept in a file: to make them takes longer than to read many inputs."""
    if file.is_file():
        kept = json.loads(file.read_text(encoding="utf-8"))
        return [
            Seed(
                **{
                    **one,
                    "data": base64.b64decode(one["data"]),
                    "beside": {k: base64.b64decode(v) for k, v in one["beside"].items()},
                }
            )
            for one in kept
        ]
    seeds = all_seeds()
    plain = [
        {**dataclasses.asdict(seed), "data": base64.b64encode(seed.data).decode(),
         "beside": {k: base64.b64encode(v).decode() for k, v in seed.beside.items()}}
        for seed in seeds
    ]  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(plain), encoding="utf-8")
    return seeds


# Made here


PEOPLE = "participant_id,customer_id,link_method,consent_linkage,consent_quotes,valid_from,valid_to,withdrawn_at\n"
TABLES = {
    "customers": "customer_id,region,member,entry_time\nC1,city,no,2025-01-10T10:37:54\nC2,suburb,yes,2025-02-01T00:00:00\n",
    "crosswalk": PEOPLE
    + "P1,C1,login,yes,yes,2025-05-11,2025-11-20,\nP2,C2,invitation link,yes,no,2025-07-02,,2025-12-04\n",
    "participants": "participant_id,age_band,segment\nP1,30-44,guest\nP2,45-59,member\n",
    "assignments": "customer_id,experiment,arm,assigned_at\nC1,free returns,control,2025-02-15 10:42:17\nC2,free returns,banner,"
    "2025-02-15 13:11:24\n",
    "changes": "changed_at,touchpoint,description,control\n2025-07-01,order status call,delivery tracking mail,return\n",
    "asked": "document_id,stage\nD1,purchase\nD1,evaluation\nD2,purchase\n",
    "documents": 'document_id,participant_id,name,text,collected_at\nD1,P1,One,The page was slow.,2025-05-11\nD2,P2,Two,"a\nb",\n',
    "screener": "respondent_id,group,age\nP1,interview,30\nC2,customer,40\n",
}
EVENTS = "visitor,at,page,eur\n" + "".join(
    f"c{n % 4},2026-03-{n + 1:02d}T10:00:00Z,{'home' if n % 2 else 'order'},{n}.5\n" for n in range(20)
)
WIDE = "id,ordered,paid,status\n" + "".join(
    f"c{n},2026-03-{n + 1:02d} 10:00,2026-03-{n + 2:02d} 11:00,{'ok' if n else ''}\n" for n in range(9)
)
CODINGS = (
    "document_id,start,end,text,code,coder,created_at\nD1,4,8,page,Pain/Slow,anna,2025-11-13 09:02:00\n"
    "D1,13,17,slow,Pain/Slow,ben,\nD2,0,1,a,Gain,anna,\n"
)
NPS = "respondent_id,response_time,item,score,comment\n" + "".join(
    f"c{n},2026-04-01,nps,{n % 11},word {n}\n" for n in range(12)
)
QUALTRICS = (
    "StartDate,EndDate,Status,Progress,Finished,RecordedDate,ResponseId,Q1,Q2\n"
    "Start Date,End Date,Response Type,Progress,Finished,Recorded Date,Response ID,How likely?,Why?\n"
    '"{""ImportId"":""startDate"",""timeZone"":""Europe/Berlin""}","{""ImportId"":""endDate"",""timeZone"":""Europe/Berlin""}",'
    '"{""ImportId"":""status""}","{""ImportId"":""progress""}","{""ImportId"":""finished""}",'
    '"{""ImportId"":""recordedDate"",""timeZone"":""Europe/Berlin""}","{""ImportId"":""_recordId""}","{""ImportId"":""QID1""}",'
    '"{""ImportId"":""QID2_TEXT""}"\n'
    + "".join(f"2026-03-01 10:0{n}:00,2026-03-01 10:1{n}:00,0,100,1,2026-03-01 10:1{n}:01,R_{n},{n},word\n" for n in range(9))
)  # fmt: skip
POSTHOG = {
    "uuid": "018f", "event": "$pageview", "distinct_id": "d1", "person_id": "p1", "timestamp": "2024-05-01T10:00:00.123000+00:00",
    "properties": {"$current_url": "https://x.org/cart?a=1#b", "$session_id": "s1", "$device_type": "Mobile",
    "utm_medium": "email"},
    "elements_chain": 'button.btn:attr__class="btn"nth-child="1"text="Add; to \\"cart\\""',
}  # fmt: skip
GA360 = {
    "fullVisitorId": "007", "visitId": "1501583974", "visitStartTime": "1501583974", "channelGrouping": "Direct",
    "device": {"deviceCategory": "mobile"},
    "hits": [{"hitNumber": "1", "time": "1000", "type": "PAGE", "page": {"pagePath": "/home?utm=1", "pageTitle": "Home"}}],
}  # fmt: skip


def _own() -> Iterator[Seed]:
    """Small files written here, so that every reader has one on every machine."""
    columns = {"customer_id": "visitor", "event_time": "at", "touchpoint": "page", "value": "eur"}
    for name, options in {
        "plain": {},
        "where": {"where": "page == 'home' and eur > 3", "drop_duplicates": True},
    }.items():
        yield Seed(
            f"events tabular {name}", "events", "e.csv", EVENTS.encode(), "tabular", {"columns": columns, **options}
        )
    yield Seed(
        "events tabular gz", "events", "e.csv.gz", gzip.compress(EVENTS.encode(), 1), "tabular", {"columns": columns}
    )
    yield Seed("events tabular xlsx", "events", "e.xlsx", _workbook(EVENTS), "tabular", {"columns": columns})
    yield Seed("events tabular parquet", "events", "e.parquet", _parquet(EVENTS), "tabular", {"columns": columns})
    points = [{"name": "order", "time": "ordered"}, {"name": "pay", "time": "paid", "when": "status == 'ok'"}]
    wide = {"shape": "wide", "touchpoints": points, "columns": {"customer_id": "id"}, "timezone": "Europe/Berlin"}
    yield Seed("events tabular wide", "events", "w.csv", WIDE.encode(), "tabular", wide)
    yield Seed("events posthog", "events", "p.jsonl", "\n".join([json.dumps(POSTHOG)] * 3).encode(), "posthog")
    yield Seed("events ga360", "events", "g.json", "\n".join([json.dumps(GA360)] * 3).encode(), "ga360")
    for table, text in TABLES.items():
        yield Seed(f"table {table}", table, f"{table}.csv", text.encode(), "tabular")
    yield Seed("table customers xlsx", "customers", "c.xlsx", _workbook(TABLES["customers"]), "tabular")
    yield Seed(
        "survey tabular",
        "survey",
        "nps.csv",
        NPS.encode(),
        "tabular",
        {"scale_min": 0, "scale_max": 10, "instrument": "nps"},
    )
    yield Seed(
        "survey qualtrics",
        "survey",
        "q.csv",
        QUALTRICS.encode(),
        "qualtrics",
        {"instruments": {"nps": {"columns": ["Q1"]}}},
    )
    beside = {"documents.csv": TABLES["documents"].encode()}
    yield Seed(
        "codings tabular",
        "codings",
        "c.csv",
        CODINGS.encode(),
        "tabular",
        {"documents": {"path": "documents.csv"}},
        beside,
    )
    yield Seed("codings guessed", "codings", "c.csv", CODINGS.encode())
    with tempfile.TemporaryDirectory() as folder:
        drawn = journeymap.draw(jl.open_study(write_small(Path(folder) / "s")))
        drawn.to_xlsx(Path(folder) / "map.xlsx")
        workbook = (Path(folder) / "map.xlsx").read_bytes()
    maps = {"map.json": drawn.to_json(), "map.cjml.xml": drawn.to_cjml(), "map.csv": drawn.to_csv()}
    for name, text in maps.items():
        yield Seed(f"map {name}", "map", name, text.encode())
    yield Seed("map map.xlsx", "map", "map.xlsx", workbook)


def _studies() -> Iterator[Seed]:
    """Every study.toml, and the small study as a whole with one of its files changed."""
    yield Seed("config small", "config", "study.toml", STUDY.encode())
    for file in sorted((REPOSITORY / "data").glob("*/study.toml")):
        yield Seed(f"config {file.parent.name}", "config", "study.toml", file.read_bytes())
    head = '[study]\nname = "x"\ntitle = "X"\n'
    for file in sorted((REPOSITORY / "docs").glob("*.md")):
        for number, example in enumerate(re.findall(r"```toml\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)):
            text = example if "[study]" in example else head + example
            yield Seed(f"config docs/{file.stem} {number}", "config", "study.toml", text.encode())
    with tempfile.TemporaryDirectory() as folder:
        small = write_small(Path(folder) / "s")
        files = {
            file.relative_to(small).as_posix(): file.read_bytes() for file in sorted(small.rglob("*")) if file.is_file()
        }
    for name in sorted(files):
        yield Seed(
            f"study {name}",
            "study",
            name,
            files[name],
            beside={other: files[other] for other in files if other != name},
        )


# Vendors' files


TICKETS = ("ticket_data", "ticket_comment_data", "ticket_field_history_data", "ticket_chat_event_data", "user_data")
"""Of Zendesk's many tables those that hold events, and one that does not."""
FORMATS = {"adobe_data_feed": "adobe", "weblogs": "weblog"}
OPTIONS: dict[str, dict[str, Any]] = {"xes": {"value": "Costs"}, "weblog": {}}


def _vendors() -> Iterator[Seed]:
    """What vendors' systems export."""
    root = SHARED / "vendor_fixtures"
    for file in sorted(root.rglob("*")):
        vendor = file.relative_to(root).parts[0]
        data = _shortened(file) if file.is_file() and file.parent != root else None
        if data is None or vendor == "qualtrics" or (vendor == "zendesk" and file.stem not in TICKETS):
            continue
        format_ = FORMATS.get(vendor, vendor)
        beside = {}
        if vendor == "zendesk":
            beside = {
                one.name: one.read_bytes()
                for one in file.parent.iterdir()
                if one != file and one.stat().st_size < SMALL
            }
        label = f"events {file.relative_to(root).as_posix()}"
        yield Seed(label, "events", file.name, data, format_, OPTIONS.get(format_, {}), beside)
    for file in sorted((root / "qualtrics").glob("*.csv")):
        yield Seed(
            f"survey {file.name}",
            "survey",
            file.name,
            file.read_bytes(),
            "qualtrics",
            {"instruments": {"nps": {"columns": ["Q1"]}}},
        )


def _shortened(file: Path) -> bytes | None:
    """A file, or as many of its first lines as are needed; None where it is too long and not made of lines."""
    data = file.read_bytes()
    packed = data[:2] == b"\x1f\x8b"
    plain = gzip.decompress(data) if packed and not file.name.endswith(".tar.gz") else data
    if len(plain) > SMALL and re.search(r"\.(csv|tsv|jsonl|log|clf)(\.gz)?$", file.name):
        plain = plain[: plain.rfind(b"\n", 0, SMALL) + 1] or plain[:SMALL]
    if len(plain) > LARGEST:
        return None
    return gzip.compress(plain, 1) if packed and not file.name.endswith(".tar.gz") else plain


def _coded() -> Iterator[Seed]:
    """What programs for coding write."""
    root = SHARED / "qualitative"
    files = [
        *(root / "synthetic_CC0").glob("*.*"),
        *(root / "refi_spec_MIT").glob("*.qd*"),
        *(root / "requal_MIT").glob("*.requal"),
    ]
    files.append(root / "synthetic_CC0" / "qualcoder_demo.qda" / "data.qda")
    for file in sorted(files):
        if not file.is_file() or file.suffix == ".json":
            continue
        yield Seed(
            f"codings {file.name}",
            "codings",
            file.name,
            _smaller(file),
            "qualcoder" if file.name == "data.qda" else None,
        )


def _smaller(file: Path) -> bytes:
    """A database without its empty pages."""
    data = file.read_bytes()
    if not data.startswith(b"SQLite format 3"):
        return data
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    connection.execute("VACUUM")
    try:
        return bytes(connection.serialize())
    finally:
        connection.close()


def _large() -> Iterator[Seed]:
    """The first rows of large Parquet files of the kind that warehouses write."""
    import io

    import pyarrow.parquet as pq

    for name, format_ in {
        "ga4_merch_store/ga4_events_sampled.snappy": "ga4",
        "ga360_merch_store/hits_flat": "ga360",
        "ga360_merch_store/ga_sample": "ga360",
    }.items():
        file = SHARED / f"{name}.parquet"
        if file.is_file():
            stream = io.BytesIO()
            pq.write_table(pq.ParquetFile(file).read_row_group(0).slice(0, 8), stream)
            yield Seed(f"events {file.name}", "events", "x.parquet", stream.getvalue(), format_)


def _workbook(text: str) -> bytes:
    import io

    import openpyxl

    book = openpyxl.Workbook()
    for line in text.splitlines():
        book.active.append(line.split(","))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _parquet(text: str) -> bytes:
    import io

    import pandas as pd

    stream = io.BytesIO()
    pd.read_csv(io.StringIO(text)).to_parquet(stream)
    return stream.getvalue()
