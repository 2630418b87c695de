"""Which touchpoints did each customer meet, in which order and when: journeys as flat arrays.

Events are sorted once; a journey is a slice of three arrays. Every path statistic is one pass over
them, and every function here returns a new `Journeys` and leaves its input as it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeylab import text
from journeylab.errors import DataError, StudyError, did_you_mean, listing


@dataclass(frozen=True)
class Journeys:
    """Journeys in memory: journey ``i`` is ``codes[offsets[i]:offsets[i + 1]]``.

    Attributes
    ----------
    ids : ndarray of object, shape (n_journeys,)
        The customer's id, or ``"customer#3"`` for the third session when `by` is ``"session"``.
    customer : ndarray of int64, shape (n_journeys,)
        Index into `customer_ids`; never falls from one journey to the next.
    customer_ids : ndarray of object, shape (n_customers,)
        Every customer, also one whose journeys were deselected.
    offsets : ndarray of int64, shape (n_journeys + 1,)
        Where each journey begins in the arrays of events.
    codes : ndarray of int32, shape (n_events,)
        Index into `touchpoints`; sorted by customer, time, order, and touchpoint name in an exact tie.
    times : ndarray of datetime64[us], shape (n_events,)
        UTC.
    session : ndarray of int32, shape (n_events,)
        Number of the session within the customer, from 0.
    touchpoints : tuple of str
        The sorted vocabulary.
    by : str
        ``"customer"`` or ``"session"``: what one journey is.
    report : dict
        Rows read, kept and dropped with reasons, where kept + dropped = read; ties; the session gap; journeys dropped, if
        any. `until`, `collapse_repeats`, `since` and `within` count what they cut; `keep_events` and `select` do not.
    """

    ids: NDArray[Any]
    customer: NDArray[np.int64]
    customer_ids: NDArray[Any]
    offsets: NDArray[np.int64]
    codes: NDArray[np.int32]
    times: NDArray[np.datetime64]
    session: NDArray[np.int32]
    touchpoints: tuple[str, ...]
    by: str = "customer"
    report: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def n_journeys(self) -> int:
        """Number of journeys."""
        return len(self.offsets) - 1

    @property
    def n_customers(self) -> int:
        """Number of customers who have at least one of the journeys."""
        return int(np.count_nonzero(np.diff(self.customer))) + (self.n_journeys > 0)

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.codes)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Events of each journey, shape (n_journeys,)."""
        return np.diff(self.offsets)

    @property
    def event_journey(self) -> NDArray[np.int64]:
        """The journey of each event, shape (n_events,)."""
        return np.repeat(np.arange(self.n_journeys), self.lengths)

    @property
    def position(self) -> NDArray[np.int64]:
        """The place of each event in its journey, from 0, shape (n_events,)."""
        return np.arange(self.n_events) - np.repeat(self.offsets[:-1], self.lengths)

    @property
    def has_next(self) -> NDArray[np.bool_]:
        """Whether another event of its journey follows each event, shape (n_events,)."""
        follows = np.ones(self.n_events, dtype=bool)
        follows[self.offsets[1:][self.lengths > 0] - 1] = False
        return follows

    @property
    def first_times(self) -> NDArray[np.datetime64]:
        """Time of the first event of each journey, NaT for an empty one, shape (n_journeys,)."""
        return self._at_end(self.offsets[:-1])

    @property
    def last_times(self) -> NDArray[np.datetime64]:
        """Time of the last event of each journey, NaT for an empty one, shape (n_journeys,)."""
        return self._at_end(self.offsets[1:] - 1)

    def __len__(self) -> int:
        return self.n_journeys

    def __repr__(self) -> str:
        return (
            f"Journeys(by={self.by!r}: {text.count(self.n_journeys)} journeys of {text.count(self.n_customers)} customers, "
            f"{text.count(self.n_events)} events, {len(self.touchpoints)} touchpoints)"
        )

    def _repr_html_(self) -> str:
        """Show how many, when, and the touchpoints met most in JupyterLab."""
        from journeylab.look import at_journeys

        return at_journeys(self)

    def code(self, touchpoint: str) -> int:
        """Return the code of a touchpoint.

        Raises
        ------
        StudyError
            When no event has this touchpoint; names the nearest one.
        """
        try:
            return self.touchpoints.index(touchpoint)
        except ValueError:
            raise unknown_touchpoint(touchpoint, self.touchpoints) from None

    def path(self, journey: int) -> tuple[str, ...]:
        """Return the touchpoints of one journey, in order."""
        return tuple(self.touchpoints[code] for code in self.codes[self.offsets[journey] : self.offsets[journey + 1]])

    def _at_end(self, index: NDArray[np.int64]) -> NDArray[np.datetime64]:
        times = np.full(self.n_journeys, np.datetime64("NaT", "us"))
        held = self.lengths > 0
        times[held] = self.times[index[held]]
        return times


def unknown_touchpoint(touchpoint: str, touchpoints: Sequence[str]) -> StudyError:
    """Return the error for a touchpoint that no event has."""
    return StudyError(
        f"No touchpoint {touchpoint!r} in these journeys.{did_you_mean(touchpoint, touchpoints)} "
        f"Found: {listing(touchpoints)}."
    )


def lengths(j: Journeys) -> NDArray[np.int64]:
    """Events of each journey, shape (n_journeys,)."""
    return j.lengths


def first_times(j: Journeys) -> NDArray[np.datetime64]:
    """Time of the first event of each journey, NaT for an empty one."""
    return j.first_times


def n_journeys(j: Journeys) -> int:
    """Number of journeys."""
    return j.n_journeys


def n_customers(j: Journeys) -> int:
    """Number of customers who have at least one of the journeys."""
    return j.n_customers


def keep_events(j: Journeys, mask: NDArray[np.bool_], *, drop_empty: bool = True) -> Journeys:
    """Return the journeys with only the events of a boolean mask, shape (n_events,).

    Journeys left without events go too, unless `drop_empty` is false.
    """
    mask = np.asarray(mask, dtype=bool)
    if mask.shape != (j.n_events,):
        raise DataError(f"keep_events needs one truth value an event ({j.n_events}); found shape {mask.shape}.")
    kept = np.zeros(j.n_events + 1, dtype=np.int32 if j.n_events < np.iinfo(np.int32).max else np.int64)
    np.cumsum(mask, out=kept[1:])
    shorter = dataclasses.replace(
        j, offsets=kept[j.offsets].astype(np.int64), codes=j.codes[mask], times=j.times[mask], session=j.session[mask]
    )
    return select(shorter, shorter.lengths > 0) if drop_empty else shorter


def cut_before(j: Journeys, end: NDArray[np.int64]) -> Journeys:
    """Cut each journey before an event; none is dropped.

    Parameters
    ----------
    end : ndarray of int64, shape (n_journeys,)
        Place in the arrays of events of the first event that goes; the end of the journey, to keep it whole.
    """
    held = end > j.offsets[:-1]
    edge = np.zeros(j.n_events + 1, dtype=np.int8)
    edge[j.offsets[:-1][held]] += 1
    edge[end[held]] -= 1
    mask = np.cumsum(edge[:-1], dtype=np.int8).view(bool)
    return dataclasses.replace(
        j,
        offsets=np.concatenate(([0], np.cumsum(end - j.offsets[:-1]))),
        codes=j.codes[mask],
        times=j.times[mask],
        session=j.session[mask],
    )


def keep_touchpoints(j: Journeys, names: Iterable[str]) -> Journeys:
    """Return the journeys with only the events of these touchpoints; those left without events stay, empty."""
    kept = np.isin(np.arange(len(j.touchpoints)), [j.code(name) for name in names])
    return j if kept.all() else keep_events(j, kept[j.codes], drop_empty=False)


def select(j: Journeys, mask: NDArray[np.bool_]) -> Journeys:
    """Return the journeys of a boolean mask, shape (n_journeys,); touchpoints and customer_ids stay."""
    mask = np.asarray(mask)
    if mask.dtype != bool or mask.shape != (j.n_journeys,):
        raise DataError(
            f"select needs one truth value a journey ({j.n_journeys}); found {mask.dtype} of shape {mask.shape}."
        )
    if mask.all():
        return j
    events = np.repeat(mask, j.lengths)
    return dataclasses.replace(
        j,
        ids=j.ids[mask],
        customer=j.customer[mask],
        offsets=np.concatenate(([0], np.cumsum(j.lengths[mask]))).astype(np.int64),
        codes=j.codes[events],
        times=j.times[events],
        session=j.session[events],
    )


def relabel(j: Journeys, mapping: Mapping[str, str | None], *, drop_missing: bool = False) -> Journeys:
    """Rename touchpoints to stages or groups.

    Parameters
    ----------
    mapping : mapping of str to str
        Touchpoint to its new name; several may share one.
    drop_missing : bool
        What happens to touchpoints that the mapping lacks (or maps to None): their events are
        dropped, with the journeys this empties; otherwise they keep their own name.
    """
    names = [mapping.get(touchpoint) for touchpoint in j.touchpoints]
    if not drop_missing:
        names = [new if new is not None else old for new, old in zip(names, j.touchpoints, strict=True)]
    vocabulary = tuple(sorted({name for name in names if name is not None}))
    index = {name: code for code, name in enumerate(vocabulary)}
    recoded = np.array([-1 if name is None else index[name] for name in names], dtype=np.int32)
    codes = recoded[j.codes] if len(recoded) else j.codes
    renamed = dataclasses.replace(j, codes=codes, touchpoints=vocabulary)
    return keep_events(renamed, codes >= 0) if (codes < 0).any() else renamed


def collapse_repeats(j: Journeys) -> Journeys:
    """Keep the first of each run of one touchpoint within a journey: A A B A becomes A B A."""
    if j.n_events == 0:
        return j
    again = np.zeros(j.n_events, dtype=bool)
    again[1:] = j.codes[1:] == j.codes[:-1]
    again[j.offsets[:-1][j.lengths > 0]] = False
    return account(j, keep_events(j, ~again, drop_empty=False), {"repeats": int(again.sum())})


def account(before: Journeys, after: Journeys, events: Mapping[str, int], **journeys: int) -> Journeys:
    """Write into the report of journeys what was cut, so that kept + dropped = read still holds.

    Parameters
    ----------
    events, journeys
        Reason to the number cut; of journeys where some went.
    """
    report = {"read": before.n_events, "kept": before.n_events, "dropped": {}, **before.report}
    dropped, gone = dict(report["dropped"]), dict(report.get("journeys_dropped", {}))
    for counts, cut in ((dropped, events), (gone, journeys)):
        for reason, n in cut.items():
            counts[reason] = counts.get(reason, 0) + n
    report |= {"kept": report["kept"] - sum(events.values()), "dropped": dropped}
    return dataclasses.replace(after, report=report | ({"journeys_dropped": gone} if gone else {}))


def meetings(j: Journeys, touchpoint: str | Iterable[str]) -> NDArray[np.int64]:
    """Every event of a touchpoint (or of any of several): its index in the arrays of events, in order."""
    wanted = [j.code(name) for name in ([touchpoint] if isinstance(touchpoint, str) else touchpoint)]
    if len(wanted) == 1:
        return np.flatnonzero(j.codes == wanted[0])
    among = np.zeros(len(j.touchpoints), dtype=bool)
    among[wanted] = True
    return np.flatnonzero(among[j.codes]) if j.n_events else np.empty(0, dtype=np.int64)


def first_position(j: Journeys, touchpoint: str | Iterable[str], occurrence: int = 1) -> NDArray[np.int64]:
    """Where each journey meets a touchpoint (or any of several) for the n-th time; -1 where it does not.

    Returns
    -------
    ndarray of int64, shape (n_journeys,)
        Index into the arrays of events (not the place within the journey).
    """
    if occurrence < 1:
        raise StudyError(f"occurrence counts from 1; found {occurrence}.")
    hits = meetings(j, touchpoint)
    nth = np.searchsorted(hits, j.offsets[:-1]) + occurrence - 1
    found = np.full(j.n_journeys, -1, dtype=np.int64)
    within = nth < np.searchsorted(hits, j.offsets[1:])
    found[within] = hits[nth[within]]
    return found


def has(j: Journeys, touchpoint: str | Iterable[str], occurrence: int = 1) -> NDArray[np.bool_]:
    """Say for each journey whether it meets a touchpoint at least `occurrence` times."""
    return first_position(j, touchpoint, occurrence) >= 0


def until(j: Journeys, touchpoint: str | Iterable[str], occurrence: int = 1) -> Journeys:
    """Cut each journey after the n-th meeting with a touchpoint; journeys without it stay whole."""
    position = first_position(j, touchpoint, occurrence)
    cut = cut_before(j, np.where(position >= 0, position + 1, j.offsets[1:]))
    return account(j, cut, {"after_outcome": j.n_events - cut.n_events})


def session_begins(j: Journeys) -> NDArray[np.bool_]:
    """Whether each event is the first of its customer's session, shape (n_events,)."""
    owner = j.event_journey
    begins = np.ones(j.n_events, dtype=bool)
    begins[1:] = (owner[1:] != owner[:-1]) | (j.session[1:] != j.session[:-1])
    return begins


def split_sessions(j: Journeys, *, named: bool = True) -> Journeys:
    """Make each session of each customer a journey of its own; unless `named`, their ids are empty and take no memory."""
    if j.by == "session":
        return j
    starts = np.flatnonzero(session_begins(j))
    journeys = j.event_journey[starts]
    if named:
        numbers = j.session[starts] + 1
        ids = np.array(
            [f"{name}#{number}" for name, number in zip(j.ids[journeys], numbers, strict=True)], dtype=object
        )
    else:
        ids = np.broadcast_to(np.array("", dtype=object), len(starts))
    return dataclasses.replace(
        j,
        ids=ids,
        customer=j.customer[journeys],
        offsets=np.append(starts, j.n_events).astype(np.int64),
        by="session",
    )
