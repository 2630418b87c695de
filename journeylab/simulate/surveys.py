"""What customers of the simulated shop answer in its three surveys; the scores follow what they met."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.simulate import world
from journeylab.simulate.customers import VisitLog
from journeylab.simulate.exports import local, write_csv
from journeylab.simulate.paths import CODE

CSAT_MEAN = {"chat": 4.2, "call centre": 2.6, "store visit": 4.5}
ANSWER = {"nps": 0.26, "csat": 0.17, "ces": 0.22}
"""Share of those asked who answer."""

_PRAISE = (
    "Came on the day, all as described.",
    "Good quality for the price.",
    "Easy to put together, looks lovely.",
    "Fast and friendly, I would order again.",
    "The drivers were careful and kind.",
    "Exactly what I saw in the 3D view.",
)
_MIDDLING = (
    "Fine, but the site is a bit of a maze.",
    "All right in the end.",
    "Good table, confusing delivery dates.",
    "I would have liked to order without an account.",
)
_LATE = (
    "Much too late, and nobody told me why.",
    "I took a day off for nothing.",
    "Promised for Tuesday, came the week after.",
    "Nice chair, but the delivery was a disgrace.",
    "I had to call twice to find out where my order was.",
)
_HARD = (
    "Why do I need an account to buy a lamp?",
    "The registration form would not take my phone number.",
    "Too many fields, too many passwords.",
    "I was sent back and forth between checkout and registration.",
)
_EASY = ("Quick and simple.", "Three clicks and done.", "No problem at all.", "The delivery costs came rather late.")


def write_surveys(
    raw: Path, people: pd.DataFrame, log: VisitLog, events: pd.DataFrame, orders: pd.DataFrame, rng: np.random.Generator
) -> None:
    """Write nps.csv (after a delivery), csat.csv (after a contact) and ces.csv (after a checkout)."""
    ids = people["customer_id"].to_numpy(str)
    write_csv(_nps(orders, rng), raw / "nps.csv")
    write_csv(_csat(ids, log, events, rng), raw / "csat.csv")
    write_csv(_ces(ids, log, events, rng), raw / "ces.csv")


def _stamp(times: np.ndarray) -> np.ndarray:
    return np.char.replace(np.datetime_as_string(times.astype("datetime64[s]"), unit="s"), "T", " ")


def _scores(mean: np.ndarray, spread: float, low: int, high: int, rng: np.random.Generator) -> np.ndarray:
    return np.clip(np.rint(mean + spread * rng.standard_normal(len(mean))), low, high).astype(np.int64)


def _nps(orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """0 to 10; a late delivery costs about three points."""
    asked = orders[orders["delivered"].notna()]
    asked = asked[rng.random(len(asked)) < ANSWER["nps"]]
    late = asked["late"].to_numpy(bool)
    score = _scores(8.5 - 3.1 * late, 1.7, 0, 10, rng)
    when = asked["delivered"].to_numpy().astype("datetime64[s]") + rng.integers(3_600, 4 * 86_400, len(asked)).astype(
        "timedelta64[s]"
    )
    words = _words(rng, [late & (score < 9), score >= 9], [_LATE, _PRAISE], _MIDDLING, share=0.4)
    frame = pd.DataFrame(
        {"respondent": asked["customer_id"].to_numpy(), "answered_at": _stamp(when), "score": score, "comment": words}
    )
    return _within_year(frame)


def _csat(ids: np.ndarray, log: VisitLog, events: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """1 to 5 for the chat, the call centre and the store visit."""
    parts = []
    for contact, mean in CSAT_MEAN.items():
        met = events[events["code"] == CODE[contact]]
        met = met[rng.random(len(met)) < ANSWER["csat"]]
        score = _scores(np.full(len(met), mean), 1.0, 1, 5, rng)
        second = met["second"].to_numpy() + rng.integers(1_800, 30_000, len(met))
        customer = ids[log.customer[met["visit"]]]
        parts.append(
            pd.DataFrame(
                {"respondent": customer, "answered_at": _stamp(local(second)), "contact": contact, "score": score}
            )
        )
    return _within_year(pd.concat(parts))


def _ces(ids: np.ndarray, log: VisitLog, events: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """1 to 7, agreement that it was easy; the registration form costs about two points."""
    met = events[events["code"] == CODE["checkout"]].drop_duplicates("visit")
    met = met[rng.random(len(met)) < ANSWER["ces"]]
    visit = met["visit"].to_numpy()
    form = log.visit.exposed[visit, world.TESTED.index("registration form")]
    mobile = log.visit.mobile[visit]
    score = _scores(5.8 - 2.1 * form - 0.3 * mobile, 1.1, 1, 7, rng)
    words = _words(rng, [form & (score <= 4), score >= 5], [_HARD, _EASY], ("",), share=0.3)
    second = met["second"].to_numpy() + rng.integers(900, 3_000, len(met))
    frame = pd.DataFrame(
        {
            "respondent": ids[log.customer[visit]],
            "answered_at": _stamp(local(second)),
            "score": score,
            "comment": words,
        }
    )
    return _within_year(frame)


def _words(
    rng: np.random.Generator,
    conditions: list[np.ndarray],
    banks: list[tuple[str, ...]],
    otherwise: tuple[str, ...],
    *,
    share: float,
) -> np.ndarray:
    """A comment for some of the answers."""
    n = len(conditions[0])
    drawn = [np.array(bank, dtype=object)[rng.integers(0, len(bank), n)] for bank in (*banks, otherwise)]
    words = np.select(conditions, drawn[:-1], default=drawn[-1])
    return np.where(rng.random(n) < share, words, "")


def _within_year(frame: pd.DataFrame) -> pd.DataFrame:
    """Answers until the end of the year, in order."""
    frame = frame[frame["answered_at"] < "2026"]
    return frame.sort_values(["answered_at", "respondent"], kind="stable", ignore_index=True)
