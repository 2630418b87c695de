"""Zendesk: the tables of its connectors, and the tickets of its incremental export as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from journeylab.errors import DataError
from journeylab.readers.account import Account, ExportOptions
from journeylab.readers.beside import kind_of, rows_beside
from journeylab.readers.cells import first_of, micros_of, object_of, text_of
from journeylab.readers.connectors import paged, unwrapped
from journeylab.readers.stream import records_of

OPTIONS = ExportOptions

CHANNELS = {
    "email": "e-mail", "mail": "e-mail", "voice": "phone", "chat_transcript": "chat", "native_messaging": "chat",
    "web_form": "web", "web_widget": "web", "help_center": "web", "mobile_sdk": "app", "mobile": "app",
}  # fmt: skip
"""Via types that are called otherwise here; all others keep their name."""

CREATED, AGENT, CUSTOMER, SOLVED = "ticket created", "agent reply", "customer reply", "ticket solved"
TICKET_COLUMNS = ("id", "requester_id", "created_at", "status", "via_channel")
AUTOMATIC = ("__system", "__trigger")

Event = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Ticket:
    """What is looked up of a ticket."""

    requester: str
    created: int | None
    channel: str
    deleted: bool


@dataclasses.dataclass(frozen=True)
class Desk:
    """The tables beside the named one, in memory: tickets by id, roles by user, tickets by chat."""

    tickets: dict[str, Ticket]
    roles: dict[str, str]
    chats: dict[str, str]
    options: ExportOptions
    account: Account


def records(path: Path, options: ExportOptions, account: Account) -> Iterator[Event]:
    """Yield one dictionary an event.

    Notes
    -----
    The customer is the requester of the ticket. The named file is read row by row, and its columns say which table it
    is: ``ticket`` gives "ticket created"; ``ticket_comment`` "agent reply" and "customer reply"; ``ticket_field_history``
    "ticket solved"; ``ticket_chat_event`` the replies of chats. For all but the first, ``ticket``, ``user`` and
    ``ticket_chat`` beside the file are held in memory: of each ticket its requester, time and channel, of each user the
    role. Who replies is a customer as the requester or with the role end-user, else an agent.

    Internal notes are lost, and so is the comment that opens a ticket, since ``ticket`` has it as "ticket created", and
    everything about tickets that were deleted, often as spam or at the customer's wish. The channel is the ticket's via
    channel, or the comment's own. Times without a zone are in UTC. A chat is a session, other events have none. Only ids
    are read: no names, addresses, subjects or texts.
    """
    desk: Desk | None = None
    for place, record in paged(records_of(path, account), "tickets"):
        account.read()
        row = unwrapped(record, "ticket_id" if "ticket_id" in record else "requester_id")
        read = _reader_of(row)
        if read is None:
            account.lose("that are neither ticket, comment, change of a field nor event of a chat", place)
            continue
        if desk is None and read is not _created:
            desk = _open_desk(path, options, account, chats=read is _chatted)
        event = read(row, place, desk or Desk({}, {}, {}, options, account))
        if event is not None:
            yield event


def _reader_of(row: dict[str, Any]) -> Callable[[dict[str, Any], str, Desk], Event | None] | None:
    """Which table a row is of, by its columns."""
    if "requester_id" in row:
        return _created
    if "field_name" in row and "ticket_id" in row:
        return _changed
    if "chat_id" in row and "actor_id" in row:
        return _chatted
    return _commented if "ticket_id" in row and "public" in row else None


def _open_desk(path: Path, options: ExportOptions, account: Account, chats: bool) -> Desk:
    """Read what rows of other tables than ``ticket`` need.

    Raises
    ------
    DataError
        When the table of tickets is not there: without it nobody knows the customer.
    """
    found = rows_beside(path, "ticket", account, ("id", "requester_id", "created_at"))
    if found is None:
        raise DataError(
            f"{path}: says of which ticket it speaks, but not of which customer; put the table ticket (ticket.csv) into "
            "the same folder."
        )
    tickets = {
        text_of(row.get("id")): Ticket(
            text_of(row.get("requester_id")), _time(row.get("created_at"), options), _channel(row), _deleted(row)
        )
        for row in found
    }
    users = rows_beside(path, "user", account, ("id", "role"))
    if users is None and kind_of(path) != "ticket_field_history":
        account.note("there is no table user beside the file: who is not the requester of a ticket counts as an agent")
    roles = {text_of(row.get("id")): text_of(row.get("role")) for row in users or ()}
    of_chats = rows_beside(path, "ticket_chat", account, ("chat_id", "ticket_id")) if chats else ()
    if of_chats is None:
        raise DataError(
            f"{path}: says in which chat somebody wrote, but not of which ticket; put the table ticket_chat into the "
            "same folder."
        )
    return Desk(tickets, roles, _tickets_of(of_chats, tickets), options, account)


def _tickets_of(rows: Iterable[dict[str, Any]], tickets: dict[str, Ticket]) -> dict[str, str]:
    """The ticket of each chat; of several that name the same chat, one that is in the table of tickets."""
    found: dict[str, str] = {}
    for row in rows:
        chat, number = text_of(row.get("chat_id")), text_of(row.get("ticket_id"))
        if found.get(chat) not in tickets:
            found[chat] = number
    return found


def _created(row: dict[str, Any], place: str, desk: Desk) -> Event | None:
    number, time = text_of(row.get("id")), _time(row.get("created_at"), desk.options)
    ticket = Ticket(text_of(row.get("requester_id")), time, _channel(row), _deleted(row))
    return _event(CREATED, number, ticket, time, place, desk, {"created_at": row.get("created_at")})


def _commented(row: dict[str, Any], place: str, desk: Desk) -> Event | None:
    number, author = text_of(row.get("ticket_id")), text_of(first_of(row, ("user_id", "author_id")))
    ticket = desk.tickets.get(number)
    when = first_of(row, ("created", "created_at"))
    time = _time(when, desk.options)
    if not _true(row.get("public")):
        desk.account.lose("that are internal notes, which no customer sees", place)
        return None
    if ticket is not None and time is not None and time == ticket.created:
        desk.account.lose("that open a ticket, which the table ticket has as 'ticket created'", place)
        return None
    event = _event(_who(author, ticket, desk), number, ticket, time, place, desk, {"created": when})
    if event is not None:
        channel = "phone" if _true(row.get("voice_comment")) else _channel(row)
        event["channel"] = channel or event["channel"]
    return event


def _changed(row: dict[str, Any], place: str, desk: Desk) -> Event | None:
    number, field, value = (text_of(row.get(name)) for name in ("ticket_id", "field_name", "value"))
    if field != "status":
        desk.account.lose("that change another field than status", place, field)
        return None
    if value != "solved":
        desk.account.lose("that give a ticket another status than solved", place, value)
        return None
    when = row.get("updated")
    time = _time(when, desk.options)
    return _event(SOLVED, number, desk.tickets.get(number), time, place, desk, {"updated": when})


def _chatted(row: dict[str, Any], place: str, desk: Desk) -> Event | None:
    chat, actor, kind = (text_of(row.get(name)) for name in ("chat_id", "actor_id", "type"))
    number = desk.chats.get(chat, "")
    ticket = desk.tickets.get(number)
    time = _time(row.get("created_at"), desk.options)
    said, _, person = actor.rpartition(":")
    reason = ""
    if kind != "ChatMessage":
        reason = "that are no messages of a chat"
    elif actor in AUTOMATIC:
        reason = "that a trigger or the system wrote"
    elif _true(row.get("is_history_context")):
        reason = "that repeat an earlier chat"
    elif not person:
        reason = "without actor_id"
    elif not number:
        reason = "of chats that are not in the table ticket_chat"
    if reason:
        desk.account.lose(reason, place, kind if kind != "ChatMessage" else "")
        return None
    touchpoint = AGENT if said == "agent" else _who(person, ticket, desk)
    event = _event(touchpoint, number, ticket, time, place, desk, {"created_at": row.get("created_at")})
    return None if event is None else {**event, "channel": "chat", "session_id": chat}


def _event(
    touchpoint: str, number: str, ticket: Ticket | None, time: int | None, place: str, desk: Desk, when: dict[str, Any]
) -> Event | None:
    """One event of the requester of a ticket; None where it is lost."""
    if ticket is None:
        desk.account.lose("of tickets that are not in the table ticket", place, number)
    elif ticket.deleted:
        desk.account.lose("of tickets that were deleted", place, number)
    elif not ticket.requester:
        desk.account.lose("of tickets without requester_id", place, number)
    elif time is None:
        ((column, found),) = when.items()
        desk.account.lose(f"with no {column} that is a time", place, found)
    else:
        return {
            "customer_id": ticket.requester,
            "event_time": time,
            "touchpoint": touchpoint,
            "channel": ticket.channel,
            "ticket_id": number,
        }
    return None


def _who(author: str, ticket: Ticket | None, desk: Desk) -> str:
    """Whether a customer wrote or an agent."""
    customer = (ticket is not None and author == ticket.requester) or desk.roles.get(author) == "end-user"
    return CUSTOMER if customer else AGENT


def _channel(row: dict[str, Any]) -> str:
    said = text_of(row.get("via_channel") or object_of(row.get("via")).get("channel"))
    return CHANNELS.get(said, said)


def _deleted(row: dict[str, Any]) -> bool:
    return text_of(row.get("status")) == "deleted" or _true(row.get("_fivetran_deleted"))


def _true(value: Any) -> bool:
    return text_of(value).lower() in ("true", "1", "t", "yes")


def _time(value: Any, options: ExportOptions) -> int | None:
    return micros_of(value, zone=options.timezone or "UTC")
