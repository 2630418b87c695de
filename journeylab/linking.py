"""Which rows of a crosswalk link a person's words to a trace, and which are left unused, and why?"""

from __future__ import annotations

import pandas as pd

REFUSED = ["participant_id", "customer_id", "reason"]


def usable(crosswalk: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part the rows of a crosswalk into links that are used and rows that are not.

    Parameters
    ----------
    crosswalk : DataFrame
        The contract table, without people who withdrew.

    Returns
    -------
    links : DataFrame
        The rows whose person agreed to linking, whose id is known, and whose id is nobody else's at the same time.
    refused : DataFrame
        participant_id, customer_id, reason.

    Notes
    -----
    A person may have many ids. An id of several people (a family's tablet) says of no event whose it is, so none of its
    rows is used, unless their validity windows lie apart; a person who did not agree to linking counts here too.
    """
    known = crosswalk["customer_id"].fillna("") != ""
    backwards = pd.Series(False, index=crosswalk.index)
    if {"valid_from", "valid_to"} <= set(crosswalk):
        backwards = crosswalk["valid_to"] < crosswalk["valid_from"]
    shared = known & crosswalk["customer_id"].isin(_shared(crosswalk[known]))
    reason = pd.Series("", index=crosswalk.index, dtype="str")
    reason[backwards] = "ends before it begins (valid_to before valid_from)"
    reason[shared] = "the id belongs to several people at the same time"
    reason[~known] = "no customer id"
    reason[~crosswalk["consent_linkage"].astype(bool)] = "did not agree to linking"
    links = crosswalk[reason == ""].reset_index(drop=True)
    refused = crosswalk.assign(reason=reason)[reason != ""][REFUSED].reset_index(drop=True)
    return links, refused


def _shared(crosswalk: pd.DataFrame) -> set[str]:
    """Ids that two people have at the same time."""
    pairs = crosswalk.drop_duplicates(["participant_id", "customer_id"])
    several = set(pairs.loc[pairs["customer_id"].duplicated(), "customer_id"])
    return {
        name
        for name, rows in crosswalk[crosswalk["customer_id"].isin(several)].groupby("customer_id")
        if _overlap(rows)
    }


def _overlap(rows: pd.DataFrame) -> bool:
    """Whether the windows of two different people have a moment in common; a missing end is open."""
    start, end = _ends(rows, "valid_from", pd.Timestamp.min), _ends(rows, "valid_to", pd.Timestamp.max)
    people = rows["participant_id"].to_numpy()
    return any(
        people[one] != people[other] and start[one] <= end[other] and start[other] <= end[one]
        for one in range(len(rows))
        for other in range(one)
    )


def _ends(rows: pd.DataFrame, name: str, open_: pd.Timestamp) -> list[pd.Timestamp]:
    """One end of each window."""
    if name not in rows:
        return [open_.tz_localize("UTC")] * len(rows)
    return [open_.tz_localize("UTC") if pd.isna(value) else value for value in rows[name]]
