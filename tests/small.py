"""A study small enough to read: one whole set of files, to be broken one mistake at a time."""

from __future__ import annotations

from pathlib import Path

STUDY = """
[study]
name = "small"
title = "A small study"
timezone = "UTC"

[[stages]]
name = "consideration"
[[stages]]
name = "purchase"
[[stages]]
name = "evaluation"

[events]
path = "raw/events.csv"
[events.columns]
customer_id = "visitor"
event_time = "at"
touchpoint = "page"

[[touchpoints]]
match = "home"
stage = "consideration"
[[touchpoints]]
match = "chat"
stage = "consideration"
[[touchpoints]]
match = "order"
name = "order placed"
stage = "purchase"
[[touchpoints]]
match = "review"
stage = "evaluation"

[[outcomes]]
name = "order"
touchpoint = "order placed"

[goals.order]
kpi = "share of customers who order"
target = 0.3
outcome = "order"

[interviews]
path = "raw/codings.csv"
[interviews.columns]
document_id = "interview"
[interviews.codebook]
path = "raw/codebook.csv"
[interviews.documents]
path = "raw/documents.csv"

[surveys.nps]
path = "raw/nps.csv"
scale_min = 0
scale_max = 10

[crosswalk]
path = "raw/crosswalk.csv"
"""


def write_small(folder: Path) -> Path:
    """Write the small study into a folder: 60 customers, 8 interviews, an NPS survey and a crosswalk."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    events = ["visitor,at,page"]
    for number in range(60):
        day = f"2026-03-{number % 28 + 1:02d}"
        events.append(f"c{number},{day}T10:00:00Z,home")
        if number % 2:
            events.append(f"c{number},{day}T10:05:00Z,chat")
        if number % 3 == 0:
            events.append(f"c{number},{day}T10:10:00Z,order")
        if number % 6 == 0:
            events.append(f"c{number},{day}T11:30:00Z,review")
    codings = ["interview,code,coder,text"]
    documents = ["document_id,participant_id,name"]
    crosswalk = ["participant_id,customer_id,link_method,consent_linkage,consent_quotes,withdrawn_at"]
    for number in range(8):
        codings.append(f"i{number},slow,anna,the page was slow {number}")
        if number % 2:
            codings.append(f"i{number},helpful chat,anna,they helped me {number}")
        documents.append(f"i{number},p{number},Interview {number}")
        crosswalk.append(f"p{number},c{number},recruited,yes,{'yes' if number % 2 else 'no'},")
    codebook = ["path,stage,valence", "slow,consideration,-1", "helpful chat,consideration,1"]
    nps = ["respondent_id,response_time,item,score"]
    nps += [f"c{number},2026-04-01,nps,{number % 11}" for number in range(0, 60, 2)]
    for name, lines in {
        "events": events,
        "codings": codings,
        "documents": documents,
        "codebook": codebook,
        "nps": nps,
        "crosswalk": crosswalk,
    }.items():
        (raw / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder
