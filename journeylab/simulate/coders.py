"""Two coders read the transcripts: they agree mostly, and err in the ways that coders do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from journeylab.simulate.interviews import Transcript

CODERS = ("Ada", "Ben")
SHIFTED = 0.16
"""Share of passages that a coder marks a little longer or shorter."""
INVENTED = 0.012
"""Probability that a coder sees a code in a sentence without one."""
MISTAKEN = 0.05
"""Probability that a coder gives a neighbouring code instead."""

NEIGHBOURS = {
    "Pain/Forced to register": "Need/Order as a guest",
    "Need/Order as a guest": "Pain/Forced to register",
    "Pain/Delivery/Late": "Pain/Delivery/No word",
    "Pain/Delivery/No word": "Pain/Delivery/Late",
    "Gain/3D configurator": "Gain/VR showroom is fun",
    "Gain/VR showroom is fun": "Gain/3D configurator",
    "Need/Feel the material": "Gain/Good advice in the store",
    "Need/Time to think": "Pain/Costs shown late",
    "Gain/Quick answer in the chat": "Gain/Clear comparison",
    "Need/Someone to ask afterwards": "Pain/Waiting on the phone",
}


class Passage(NamedTuple):
    """A stretch of text (code points, half open) that truly carries a code."""

    start: int
    end: int
    path: str


def code_transcripts(
    transcripts: Sequence[Transcript], codes: list[dict[str, Any]], collected: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Code every transcript twice.

    Returns
    -------
    DataFrame
        document_id, start, end, text, code, coder, created_at.
    """
    found = {code["path"]: code["found"] for code in codes}
    stage = {code["path"]: code["stage"] for code in codes}
    rows = []
    for transcript, day in zip(transcripts, collected, strict=True):
        for number, coder in enumerate(CODERS):
            minute = 0
            when = day + np.timedelta64(3 + 2 * number, "D")
            for start, end, path in _read(transcript, found, stage, rng):
                minute += int(rng.integers(1, 4))
                stamp = (when + np.timedelta64(9 * 60 + minute, "m")).astype("datetime64[s]")
                rows.append(
                    {
                        "document_id": transcript.document_id,
                        "start": start,
                        "end": end,
                        "text": transcript.text[start:end],
                        "code": path,
                        "coder": coder,
                        "created_at": str(stamp).replace("T", " "),
                    }
                )
    return pd.DataFrame(rows)


def _read(
    transcript: Transcript, found: dict[str, float], stage: dict[str, str], rng: np.random.Generator
) -> list[Passage]:
    """What one coder marks in one transcript, in the order of the text."""
    marks = []
    carried = {(passage.start, passage.end) for passage in transcript.passages}
    for passage in transcript.passages:
        if rng.random() >= found[passage.path]:
            continue
        path = passage.path
        if path in NEIGHBOURS and rng.random() < MISTAKEN:
            path = NEIGHBOURS[path]
        start, end = passage.start, passage.end
        if rng.random() < SHIFTED:
            start, end = _shift(transcript, start, end, rng)
        marks.append(Passage(start, end, path))
    paths = [path for path in found if stage[path] in transcript.asked]
    for span in transcript.sentences:
        if span not in carried and rng.random() < INVENTED:
            marks.append(Passage(*span, str(rng.choice(paths))))
    return sorted(set(marks))


def _shift(transcript: Transcript, start: int, end: int, rng: np.random.Generator) -> tuple[int, int]:
    """A passage from its second clause, or together with the sentence before it in the same answer."""
    comma = transcript.text.find(", ", start, end)
    before = [span for span in transcript.sentences if span[1] + 1 == start]
    if before and (comma < 0 or rng.random() < 0.4):
        return before[0][0], end
    return (comma + 2, end) if comma > 0 else (start, end)
