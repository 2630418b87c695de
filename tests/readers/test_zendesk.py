"""Zendesk: Fivetran's example tables, and small samples of what they do not hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import events_to_parquet, read_events
from tests.exports import balanced, cut_short, gzip_cut_short, with_bad_lines

FOLDER = "data/vendor_fixtures/zendesk/fivetran_seeds/"
TICKETS = """id,requester_id,created_at,status,via_channel,subject,description
1,100,2024-05-01 10:00:00,closed,voice,secret,secret
2,101,2024-05-02 10:00:00,open,email,secret,secret
3,102,2024-05-03 10:00:00,deleted,web,spam,spam
"""
USERS = "id,role,name,email\n100,end-user,Ada,ada@example.org\n9,agent,Bob,bob@example.org\n103,end-user,Eve,\n"
COMMENTS = "id,created,public,ticket_id,user_id,voice_comment,body\n"
CHATS = "chat_id,ticket_id,user_id\nc1,77,100\nc1,1,100\n"
CHAT_EVENTS = "chat_id,created_at,actor_id,type,is_history_context,message\n"
TICKET = {
    "id": 5, "requester_id": 100, "created_at": "2024-05-01T10:00:00Z", "status": "open", "subject": "secret",
    "via": {"channel": "native_messaging", "source": {"from": {"address": "ada@example.org"}}},
}  # fmt: skip


def _tables(folder: Path, name: str, text: str, *, users: str = USERS) -> Path:
    (folder / "ticket.csv").write_text(TICKETS)
    (folder / "user.csv").write_text(users)
    (folder / "ticket_chat.csv").write_text(CHATS)
    (folder / name).write_text(text)
    return folder / name


def _lost(report: object) -> dict[str, int]:
    return {loss.reason: loss.n for loss in report.dropped}


def test_fivetrans_tickets(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / "ticket_data.csv", format="zendesk")
    assert (report.n_read, report.n_kept) == (10, 8)
    assert _lost(report) == {"of tickets that were deleted": 2}
    assert events.columns.tolist() == ["customer_id", "event_time", "touchpoint", "channel", "ticket_id"]
    row = events[events["ticket_id"] == "16988"].iloc[0]
    assert row[["customer_id", "touchpoint", "channel"]].tolist() == ["1500656884401", "ticket created", "e-mail"]
    assert row["event_time"] == pd.Timestamp("2020-12-22T00:19:23Z")


def test_fivetrans_history_of_fields(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / "ticket_field_history_data.csv", format="zendesk")
    assert (report.n_read, report.n_kept) == (38, 1)
    assert events.loc[0, ["customer_id", "touchpoint", "ticket_id"]].tolist() == ["2222", "ticket solved", "11071"]
    assert events.loc[0, "event_time"] == pd.Timestamp("2020-11-14T11:01:27Z")
    assert _lost(report) == {
        "that give a ticket another status than solved": 12,
        "that change another field than status": 8,
        "of tickets that are not in the table ticket": 17,
    }


def test_fivetrans_chats(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / "ticket_chat_event_data.csv", format="zendesk")
    assert (report.n_read, report.n_kept) == (12, 1)
    assert events.loc[0, ["customer_id", "touchpoint", "channel"]].tolist() == [
        "410416672973", "customer reply", "chat",
    ]  # fmt: skip
    assert _lost(report) == {
        "that are no messages of a chat": 3,
        "of tickets that are not in the table ticket": 4,
        "that a trigger or the system wrote": 2,
        "without actor_id": 2,
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ticket_comment_data.csv", "20 of tickets that are not in the table ticket"),
        ("ticket_chat_data.csv", "10 that are neither ticket, comment"),
        ("user_data.csv", "10 that are neither ticket, comment"),
    ],
)
def test_tables_that_give_no_event_say_why(shared: Path, name: str, why: str) -> None:
    with pytest.raises(DataError, match=f"{name}: holds no event.*{why}"):
        read_events(shared / FOLDER / name, format="zendesk")


def test_replies_are_of_the_requester_whoever_writes(tmp_path: Path) -> None:
    rows = (
        "1,2024-05-01 11:00:00,TRUE,1,9,FALSE,secret\n"  # agent
        "2,2024-05-01 12:00:00,TRUE,1,100,FALSE,secret\n"  # requester
        "3,2024-05-02 12:00:00,TRUE,2,103,TRUE,secret\n"  # another customer, on the phone
        "4,2024-05-02 13:00:00,TRUE,2,101,FALSE,secret\n"  # the requester, who is not in user
        "5,2024-05-02 14:00:00,FALSE,2,9,FALSE,secret\n"  # internal
        "6,2024-05-02 10:00:00,TRUE,2,101,FALSE,secret\n"  # opens the ticket
        "7,2024-05-03 12:00:00,TRUE,3,102,FALSE,spam\n"  # deleted
        "8,2024-05-03 12:00:00,TRUE,4,102,FALSE,?\n"  # of no ticket
        "9,soon,TRUE,1,9,FALSE,secret\n"
    )
    path = _tables(tmp_path, "ticket_comment.csv", COMMENTS + rows)
    events, report = read_events(path, format="zendesk")
    assert events["customer_id"].tolist() == ["100", "100", "101", "101"]
    assert events["touchpoint"].tolist() == ["agent reply", "customer reply", "customer reply", "customer reply"]
    assert events["channel"].tolist() == ["phone", "phone", "phone", "e-mail"]
    assert _lost(report) == {
        "that are internal notes, which no customer sees": 1,
        "that open a ticket, which the table ticket has as 'ticket created'": 1,
        "of tickets that were deleted": 1,
        "of tickets that are not in the table ticket": 1,
        "with no created that is a time": 1,
    }
    assert not events.astype("str").apply(lambda column: column.str.contains("secret|@|Ada|Bob")).any().any()
    (tmp_path / "user.csv").unlink()
    events, report = read_events(path, format="zendesk")
    assert events["touchpoint"].tolist() == ["agent reply", "customer reply", "agent reply", "customer reply"]
    assert any("counts as an agent" in note for note in report.notes)


def test_without_the_table_of_tickets_nobody_is_known(tmp_path: Path) -> None:
    path = _tables(tmp_path, "ticket_comment.csv", COMMENTS + "1,2024-05-01 11:00:00,TRUE,1,9,FALSE,x\n")
    (tmp_path / "ticket.csv").unlink()
    with pytest.raises(DataError, match=r"put the table ticket \(ticket\.csv\) into the same folder"):
        read_events(path, format="zendesk")
    (tmp_path / "ticket.csv").write_text("number\n1\n")
    with pytest.raises(DataError, match=r"ticket\.csv: is looked up and has no column id"):
        read_events(path, format="zendesk")


def test_chats_are_sessions(tmp_path: Path) -> None:
    rows = (
        "c1,2024-05-01 10:01:00.5,agent:9,ChatMessage,,secret\n"
        "c1,2024-05-01 10:02:00.5,100,ChatMessage,false,secret\n"
        "c1,2024-05-01 10:02:00.5,100,ChatMessage,true,secret\n"
        "c9,2024-05-01 10:02:00.5,100,ChatMessage,,secret\n"
    )
    path = _tables(tmp_path, "ticket_chat_event.csv", CHAT_EVENTS + rows)
    events, report = read_events(path, format="zendesk")
    assert events["touchpoint"].tolist() == ["agent reply", "customer reply"]
    assert set(events["session_id"]) == {"c1"}
    assert set(events["channel"]) == {"chat"}
    assert _lost(report) == {"that repeat an earlier chat": 1, "of chats that are not in the table ticket_chat": 1}
    (tmp_path / "ticket_chat.csv").unlink()
    with pytest.raises(DataError, match="put the table ticket_chat into the same folder"):
        read_events(path, format="zendesk")


def test_tickets_of_the_incremental_export_wrapped_and_paged(tmp_path: Path) -> None:
    records = [TICKET, {"_airbyte_data": TICKET}, {"tickets": [TICKET, TICKET, 3], "end_of_stream": True}]
    (tmp_path / "tickets.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    events, report = read_events(tmp_path / "tickets.jsonl", format="zendesk")
    assert (report.n_read, report.n_kept) == (5, 4)
    assert set(events["channel"]) == {"chat"}
    assert set(events["customer_id"]) == {"100"}
    odd = [{**TICKET, "via": 3}, {**TICKET, "requester_id": None}, {**TICKET, "created_at": "9999-99-99"}, TICKET]
    (tmp_path / "odd.jsonl").write_text("\n".join(json.dumps(record) for record in odd))
    _, report = read_events(tmp_path / "odd.jsonl", format="zendesk")
    assert _lost(report) == {"of tickets without requester_id": 1, "with no created_at that is a time": 1}


def test_times_without_a_zone_are_in_that_of_the_option(tmp_path: Path) -> None:
    path = _tables(tmp_path, "x.csv", "")
    events, _ = read_events(path.with_name("ticket.csv"), format="zendesk", timezone="Europe/Berlin")
    assert events.loc[0, "event_time"] == pd.Timestamp("2024-05-01T08:00:00Z")


def test_the_same_table_without_holding_it(shared: Path, tmp_path: Path) -> None:
    events, report = read_events(shared / FOLDER / "ticket_data.csv", format="zendesk")
    assert events_to_parquet(shared / FOLDER / "ticket_data.csv", tmp_path / "events.parquet", "zendesk") == report
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)


def test_damage_loses_only_what_is_damaged(tmp_path: Path) -> None:
    rows = "".join(f"{number},2024-05-01 11:00:00,TRUE,1,9,FALSE,x\n" for number in range(50))
    path = _tables(tmp_path, "ticket_comment.csv", COMMENTS + rows)
    copies = tmp_path / "b"
    copies.mkdir()
    for name in ("ticket.csv", "user.csv"):
        shutil.copy(tmp_path / name, copies)
    assert balanced(with_bad_lines(path, copies, (3, 30)), "zendesk") == (48, 2)
    assert balanced(cut_short(path, copies), "zendesk")[1] == 1
    kept, dropped = balanced(gzip_cut_short(path, copies, 0.8), "zendesk")
    assert kept > 0
    assert dropped <= 1
