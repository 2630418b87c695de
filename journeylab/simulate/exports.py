"""The raw files of three systems: web analytics, customer relations, orders; and the faults they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journeylab.simulate import world
from journeylab.simulate.customers import Orders, VisitLog
from journeylab.simulate.paths import CODE, TOUCHPOINTS

PAGES = {
    "search ad": "/?utm_source=search",
    "social ad": "/?utm_source=social",
    "e-mail newsletter": "/?utm_source=newsletter",
    "home page": "/",
    "site search": "/search",
    "offers page": "/offers",
    "product page": "/product/",
    "reviews read": "/reviews",
    "comparison page": "/compare",
    "3D configurator": "/configurator",
    "VR showroom": "/vr",
    "store locator": "/stores",
    "survey pop-up": "/popup/survey",
    "cart": "/cart",
    "checkout": "/checkout",
    "registration form": "/register",
    "order confirmation page": "/thank-you",
}
"""What web analytics calls a touchpoint; product pages end in the product's number."""

CONTACTS = {
    "chat": ("CHAT", "chat"),
    "call centre": ("CALL ADVICE", "phone"),
    "store visit": ("STORE VISIT", "store"),
    "order status call": ("CALL ORDER STATUS", "phone"),
    "return": ("RETURN", "courier"),
    "review written": ("REVIEW", "web"),
}
"""What the customer relations system calls a touchpoint, and its channel."""

PRODUCTS = 60
GAP_DAY = 133
"""2025-05-14: web analytics recorded nothing."""

BOTS = ("C90001", "C90002")
BOT_PAGES = 240


def local(second: np.ndarray) -> np.ndarray:
    """Local wall time of seconds since the start of the year."""
    return world.START + second.astype("timedelta64[s]")


def to_utc(times: np.ndarray) -> np.ndarray:
    """UTC of local wall times (none falls into the hours of a clock change)."""
    zoned = pd.DatetimeIndex(times).tz_localize(world.TIMEZONE)
    return zoned.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a file that is the same byte for byte each time."""
    compression: Any = {"method": "gzip", "compresslevel": 4, "mtime": 1} if path.suffix == ".gz" else None
    frame.to_csv(path, index=False, lineterminator="\n", compression=compression)


def write_events(
    raw: Path, customers: pd.DataFrame, log: VisitLog, orders: Orders, events: pd.DataFrame, rng: np.random.Generator
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Write the three event files with their faults.

    Returns
    -------
    faults : list of dict
        What was planted where.
    order_table : DataFrame
        customer_id, ordered (local time), row (of the visit log), late, delivered (local time), one row an order.
    """
    ids = customers["customer_id"].to_numpy(str)
    customer = ids[log.customer[events["visit"]]]
    code = events["code"].to_numpy()
    names = np.array(TOUCHPOINTS)
    second = events["second"].to_numpy()
    order_table = _order_table(ids, log, orders, events)

    is_web = np.isin(code, [CODE[name] for name in PAGES])
    page = np.array([PAGES.get(name, "") for name in names])[code[is_web]].astype(object)
    product = np.flatnonzero(code[is_web] == CODE["product page"])
    page[product] = [f"/product/{number}" for number in 100 + rng.zipf(1.6, len(product)) % PRODUCTS]
    mobile = log.visit.mobile[events["visit"].to_numpy()[is_web]]
    utc = to_utc(local(second[is_web]))
    web = pd.DataFrame(
        {
            "visitor": customer[is_web],
            "timestamp": _iso(utc),
            "page": page,
            "channel": "web",
            "device": np.where(mobile, "mobile", "desktop"),
        }
    ).iloc[np.lexsort((customer[is_web], utc))]
    web, faults = _spoil_web(web.reset_index(drop=True), rng)
    write_csv(web, raw / "web_events.csv.gz")

    is_contact = np.isin(code, [CODE[name] for name in CONTACTS])
    kinds = np.array([CONTACTS.get(name, ("", ""))[0] for name in names])[code[is_contact]]
    channels = np.array([CONTACTS.get(name, ("", ""))[1] for name in names])[code[is_contact]]
    when = local(second[is_contact])
    crm = pd.DataFrame(
        {
            "customer_no": customer[is_contact],
            "contact_at": np.char.replace(np.datetime_as_string(when, unit="s"), "T", " "),
            "contact_type": kinds,
            "channel": channels,
        }
    ).iloc[np.lexsort((customer[is_contact], when))]
    crm, more = _spoil_crm(crm.reset_index(drop=True), rng)
    write_csv(crm, raw / "crm_contacts.csv.gz")
    _write_orders(raw / "orders.csv.gz", order_table, rng)
    return faults + more, order_table


def _order_table(ids: np.ndarray, log: VisitLog, orders: Orders, events: pd.DataFrame) -> pd.DataFrame:
    """One row an order with its local times; the delivery is missing where the year ends before it."""
    placed = events[events["code"] == CODE["order placed"]].set_index("visit")["second"]
    late, on_time = CODE["delivered late"], CODE["delivered on time"]
    arrived = events[events["code"].isin([late, on_time])].set_index("visit")["second"]
    second = placed.reindex(orders.row).to_numpy()
    came = arrived.reindex(orders.row)
    delivered = np.full(len(orders.row), np.datetime64("NaT", "s"))
    there = came.notna().to_numpy()
    delivered[there] = local(came.to_numpy()[there].astype(np.int64))
    return pd.DataFrame(
        {
            "customer_id": ids[log.customer[orders.row]],
            "ordered": local(second),
            "promised": (log.day[orders.row] + orders.promised),
            "delivered": delivered,
            "late": orders.late,
            "row": orders.row,
        }
    )


def _write_orders(path: Path, table: pd.DataFrame, rng: np.random.Generator) -> None:
    """Write the order system's file: one row an order."""
    table = table.sort_values(["ordered", "customer_id"], kind="stable", ignore_index=True)
    promised = local(table["promised"].to_numpy() * 86_400 + 86_399)
    delivered = np.datetime_as_string(table["delivered"].to_numpy().astype("datetime64[s]"), unit="s")
    frame = pd.DataFrame(
        {
            "order_no": [f"S{number}" for number in 500_001 + np.arange(len(table))],
            "customer": table["customer_id"],
            "ordered_at": _spaced(table["ordered"].to_numpy().astype("datetime64[s]")),
            "promised_by": _spaced(promised),
            "delivered_at": np.where(delivered == "NaT", "", np.char.replace(delivered, "T", " ")),
            "total_eur": np.round(np.exp(rng.normal(4.6, 0.7, len(table))), 2),
        }
    )
    write_csv(frame, path)


def _spaced(times: np.ndarray) -> np.ndarray:
    return np.char.replace(np.datetime_as_string(times, unit="s"), "T", " ")


def _iso(times: np.ndarray) -> np.ndarray:
    return np.char.add(np.datetime_as_string(times, unit="s"), "Z")


def _spoil_web(web: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Plant the faults of web analytics: they are added to the true rows, except for the gap of a day."""
    n = len(web)

    def some(count: int) -> pd.DataFrame:
        return web.iloc[np.sort(rng.choice(n, min(count, max(n // 50, 1)), replace=False))].copy()

    day = str(world.START + np.timedelta64(GAP_DAY, "D"))[:10]
    lost = web["timestamp"].str[:10] == day
    doubled = some(180)
    unreadable = some(14)
    unreadable["timestamp"] = np.resize(["n/a", "2025-13-45T99:00:00Z", "yesterday", "0000-00-00"], len(unreadable))
    nobody = some(35)
    nobody["visitor"] = ""
    future = some(4)
    future["timestamp"] = "2035" + future["timestamp"].str[4:]
    early = some(6)
    early["timestamp"] = "1970-01-01T00:00:00Z"
    bots = _bots(rng)
    spoilt = pd.concat([web[~lost], doubled, unreadable, nobody, future, early, bots], ignore_index=True)
    place = np.concatenate([np.flatnonzero(~lost), rng.integers(0, n, len(spoilt) - int((~lost).sum()))])
    # A repeated row stands right after its original, as after a double delivery of a log line.
    kept = n - int(lost.sum())
    place[kept : kept + len(doubled)] = doubled.index
    spoilt = spoilt.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
    file = "raw/web_events.csv.gz"
    doubled_kept = int((doubled["timestamp"].str[:10] != day).sum())
    return spoilt, [
        {"fault": "exact duplicate rows", "file": file, "n": doubled_kept},
        {"fault": "unreadable time", "file": file, "n": len(unreadable)},
        {"fault": "no customer", "file": file, "n": len(nobody)},
        {"fault": "time in the future", "file": file, "n": len(future), "customers": sorted(future["visitor"])},
        {"fault": "time before the launch", "file": file, "n": len(early), "customers": sorted(early["visitor"])},
        {"fault": "bot", "file": file, "n": len(bots), "customers": list(BOTS)},
        {"fault": "a day without records", "file": file, "n": int(lost.sum()), "day": day},
    ]


def _bots(rng: np.random.Generator) -> pd.DataFrame:
    """Two machines that read pages at the pace of a clock."""
    parts = []
    for number, bot in enumerate(BOTS):
        start = np.datetime64("2025-04-09T02:00:00", "s") + np.timedelta64(61 * number, "D")
        times = start + (np.arange(BOT_PAGES) * 14).astype("timedelta64[s]")
        pages = [f"/product/{100 + item}" for item in rng.integers(0, PRODUCTS, BOT_PAGES)]
        parts.append(
            pd.DataFrame(
                {"visitor": bot, "timestamp": _iso(times), "page": pages, "channel": "web", "device": "desktop"}
            )
        )
    return pd.concat(parts, ignore_index=True)


def _spoil_crm(crm: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Plant the faults of the customer relations system."""
    n = len(crm)
    doubled = crm.iloc[np.sort(rng.choice(n, min(40, max(n // 50, 1)), replace=False))]
    nobody = crm.iloc[np.sort(rng.choice(n, min(12, max(n // 50, 1)), replace=False))].copy()
    nobody["customer_no"] = ""
    spoilt = pd.concat([crm, doubled, nobody]).sort_index(kind="stable").reset_index(drop=True)
    file = "raw/crm_contacts.csv.gz"
    return spoilt, [
        {"fault": "exact duplicate rows", "file": file, "n": len(doubled)},
        {"fault": "no customer", "file": file, "n": len(nobody)},
    ]
