"""What is each behaviour called: by the team, by the last run, or by what sets it apart?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from journeylab import text
from journeylab.intervals import FALSE_DISCOVERY_RATE


def clear_differences(distinctive: pd.DataFrame, label: str) -> pd.DataFrame:
    """The rows of a behaviour with q under the limit, from the most over- to the most under-represented."""
    frame = distinctive[(distinctive["behaviour"] == label) & (distinctive["q_value"] <= FALSE_DISCOVERY_RATE)]
    return frame.sort_values("difference", ascending=False)


def settle(
    labels: list[str], distinctive: pd.DataFrame, given: Mapping[str, str], before: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Name each behaviour.

    Parameters
    ----------
    labels : list of str
    distinctive : DataFrame
        Of the portraits.
    given : mapping
        ``[behaviours.names]`` of study.toml: a label (``B1``), or touchpoints that all set the behaviour apart
        (``"chat, store visit"``), to a name.
    before : mapping
        Label to name of the last run.

    Returns
    -------
    dict, list of str
        Label to name; and a sentence for each key of `given` that fits no behaviour.

    Notes
    -----
    The team's name by label comes first, then the team's by touchpoints (the behaviour with the largest sum of differences),
    then the last run's, then a proposal. No name is given twice.
    """
    team = {label: given[label] for label in labels if given.get(label)}
    unused = []
    for key, name in given.items():
        if key in labels:
            continue
        fits = {
            label: strength
            for label in labels
            if label not in team and (strength := _strength(distinctive, label, key)) is not None
        }
        if fits:
            team[max(fits, key=fits.__getitem__)] = name
        else:
            unused.append(f"'{key}' in [behaviours.names] fits no behaviour of this run, so none is called '{name}'.")
    names: dict[str, str] = {}
    for label in labels:
        taken = set(names.values())
        name = team.get(label) or before.get(label) or propose(distinctive, label, taken)
        names[label] = f"{name} ({label})" if name in taken else name
    return names, unused


def _strength(distinctive: pd.DataFrame, label: str, key: str) -> float | None:
    """The sum of differences of the touchpoints of a key, None unless all are clearly more frequent there."""
    wanted = [part.strip() for part in key.split(",") if part.strip()]
    frame = clear_differences(distinctive, label)
    more = frame[frame["difference"] > 0].set_index("touchpoint")["difference"]
    return float(more[wanted].sum()) if wanted and all(part in more.index for part in wanted) else None


def propose(distinctive: pd.DataFrame, label: str, taken: set[str]) -> str:
    """A one-line name from the touchpoints that members meet more than others; another one's name only for want of words."""
    clear = clear_differences(distinctive, label)
    more = [row.touchpoint for row in clear.itertuples() if row.difference > 0.05]
    less = [row.touchpoint for row in clear.itertuples() if row.difference < -0.05]
    bodies = [text.sentence_list(more[:count]) for count in range(2, min(len(more), 4) + 1)]
    bodies += more[:1]
    bodies += [f"{text.sentence_list(more[:2])}, little {name}" for name in less[::-1] if more]
    bodies += [f"little {name}" for name in less[::-1]]
    used = {name.partition(": ")[2] or name for name in taken}
    free = [body for body in bodies if body not in used]
    return f"{label}: {(free or bodies or ['like all'])[0]}"


def words(distinctive: pd.DataFrame, label: str) -> str:
    """The strongest differences, in words."""
    frame = clear_differences(distinctive, label)
    more = [_pair(row) for row in frame.head(3).itertuples() if row.difference > 0]
    less = [_pair(row) for row in frame.tail(2).iloc[::-1].itertuples() if row.difference < 0]
    parts = [f"more {text.sentence_list(more)}"] if more else []
    parts += [f"less {text.sentence_list(less)}"] if less else []
    return "; ".join(parts) or "nothing clear"


def _pair(row: object) -> str:
    inside, elsewhere = 100 * row.share_in, 100 * row.share_elsewhere  # type: ignore[attr-defined]
    return f"{row.touchpoint} ({text.fixed(inside, 0)} against {text.fixed(elsewhere, 0)} %)"  # type: ignore[attr-defined]
