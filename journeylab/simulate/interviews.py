"""Forty-eight interviews with simulated customers: who, what they say, and how two coders read it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journeylab.simulate import world
from journeylab.simulate.coders import Passage, code_transcripts
from journeylab.simulate.customers import VisitLog
from journeylab.simulate.exports import GAP_DAY, write_csv
from journeylab.simulate.paths import CODE, TOUCHPOINTS

PER_BEHAVIOUR = 12
STAGES = ("awareness", "consideration", "decision", "purchase", "evaluation")
ASKED = {"awareness": 0.67, "consideration": 1.0, "decision": 1.0, "evaluation": 0.75}
"""Share of interviews in which the guide raised a stage; purchase is raised with all who ordered."""
LATE_SHARE = 0.5
"""Late deliveries are rarer in the shop; the interviewers looked for them."""
SAID_AGAIN = 0.3


@dataclass(frozen=True)
class Transcript:
    """One interview: its text, and which passages truly carry which code."""

    document_id: str
    text: str
    sentences: tuple[tuple[int, int], ...]
    passages: tuple[Passage, ...]
    asked: tuple[str, ...]


def read_bank() -> dict[str, Any]:
    """The codebook and the phrases."""
    text = (resources.files("journeylab.simulate") / "interviews.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def write_interviews(
    raw: Path, people: pd.DataFrame, log: VisitLog, events: pd.DataFrame, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Write documents, codebook, codings, asked, participants and crosswalk.

    Returns
    -------
    list of dict
        The planted voices: code, stage, share planted, asked, said, share said.
    """
    bank = read_bank()
    chosen, met = choose_people(people, log, events, rng)
    customers = people.iloc[chosen]
    n = len(chosen)
    ids = [f"P{number:02d}" for number in range(1, n + 1)]
    days = np.sort(rng.integers(0, 45, n))
    collected = np.datetime64("2025-11-10") + days
    ordered = met["order placed"].to_numpy()
    asked = {stage: rng.permutation(np.arange(n) < round(share * n)) for stage, share in ASKED.items()}
    asked["purchase"] = ordered
    says = plan_sayings(bank["codes"], met, asked, rng)
    transcripts = []
    for person in range(n):
        stages = tuple(stage for stage in STAGES if asked[stage][person])
        said = [code for code in bank["codes"] if says[code["path"]][person]]
        transcripts.append(_speak(f"D{person + 1:02d}", bank, stages, said, met.iloc[person], rng))
    documents = pd.DataFrame(
        {
            "document_id": [transcript.document_id for transcript in transcripts],
            "participant_id": ids,
            "name": [f"Interview {number}" for number in range(1, n + 1)],
            "collected_at": collected.astype(str),
            "text": [transcript.text for transcript in transcripts],
        }
    )
    write_csv(documents, raw / "documents.csv")
    write_csv(_codebook(bank["codes"]), raw / "codebook.csv")
    write_csv(code_transcripts(transcripts, bank["codes"], collected, rng), raw / "codings.csv")
    lines = [(transcript.document_id, stage) for transcript in transcripts for stage in transcript.asked]
    write_csv(pd.DataFrame(lines, columns=["document_id", "stage"]), raw / "asked.csv")
    write_csv(
        pd.DataFrame(
            {
                "participant_id": ids,
                "age_band": customers["age_band"].to_numpy(),
                "segment": np.where(customers["member"], "member", "guest"),
                "gender": rng.choice(["woman", "man", "not said"], n, p=[0.5, 0.44, 0.06]),
            }
        ),
        raw / "participants.csv",
    )
    write_csv(_crosswalk(ids, customers, collected, rng), raw / "crosswalk.csv")
    return _voices(bank["codes"], says, asked, met)


def choose_people(
    people: pd.DataFrame, log: VisitLog, events: pd.DataFrame, rng: np.random.Generator
) -> tuple[np.ndarray, pd.DataFrame]:
    """Choose twelve customers of each behaviour, half of them with orders, with journeys worth talking about.

    Returns
    -------
    chosen : (n,) rows of `people`, in random order
    met : DataFrame
        Whether each chosen customer met each touchpoint.
    """
    n = len(people)
    seen = np.zeros((n, len(TOUCHPOINTS)), bool)
    seen[log.customer[events["visit"]], events["code"]] = True
    variety = seen.sum(axis=1).astype(float)
    size = np.bincount(log.customer[events["visit"]], minlength=n)
    early = people["entered"].to_numpy() < 270
    away = people["entered"].to_numpy() != GAP_DAY
    ordered, late = seen[:, CODE["order placed"]], seen[:, CODE["delivered late"]]
    delivered = late | seen[:, CODE["delivered on time"]]
    behaviour = people["behaviour"].to_numpy()
    chosen: list[int] = []
    half = PER_BEHAVIOUR // 2
    few = round(half * LATE_SHARE)
    for number in range(len(world.BEHAVIOURS)):
        base = (behaviour == number) & early & away
        for wanted, count in ((~ordered, half), (ordered & late, few), (delivered & ~late, half - few)):
            pool = base & wanted & (size >= 6) & (size <= 60)
            for fallback in (base & wanted, base & (ordered == ordered[wanted].any()), base, behaviour >= 0):
                if pool.sum() >= count:
                    break
                pool = fallback.copy()
                pool[chosen] = False
            rows = np.flatnonzero(pool)
            weight = variety[rows] ** 2 + 1e-9
            chosen += list(rng.choice(rows, count, replace=False, p=weight / weight.sum()))
    order = rng.permutation(np.array(chosen))
    return order, pd.DataFrame(seen[order], columns=list(TOUCHPOINTS))


def plan_sayings(
    codes: list[dict[str, Any]], met: pd.DataFrame, asked: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Who says what: the planted share of those asked, those first who met the touchpoint."""
    says = {}
    for code in codes:
        audience = asked[code["stage"]]
        seen = met[code.get("needs", code.get("touchpoint"))].to_numpy()
        wanted = round(code["share"] * audience.sum())
        # Whoever met it and is willing comes first; a few speak of it from hearsay, or met it and keep silent.
        rank = rng.random(len(met)) + 1.0 * seen + 10.0 * audience
        chosen = np.zeros(len(met), bool)
        chosen[np.argsort(-rank, kind="stable")[:wanted]] = True
        says[code["path"]] = chosen & audience
    return says


def _speak(
    document_id: str,
    bank: dict[str, Any],
    stages: tuple[str, ...],
    said: list[dict[str, Any]],
    met: pd.Series,
    rng: np.random.Generator,
) -> Transcript:
    """Write one transcript and remember where what was said."""
    slots = {name: str(rng.choice(words)) for name, words in bank["slots"].items()}
    openers = [str(word) for word in rng.permutation(bank["openers"]["words"])]
    text = ""
    sentences: list[tuple[int, int]] = []
    passages: list[Passage] = []

    def add(sentence: str, end: str) -> tuple[int, int]:
        nonlocal text
        start = len(text)
        text += sentence + end
        return start, start + len(sentence)

    def fill(phrase: str) -> str:
        words = {name: str(rng.choice(bank["slots"][name])) if name != "piece" else slots["piece"] for name in slots}
        words["room"], words["city"], words["relative"] = slots["room"], slots["city"], slots["relative"]
        sentence = phrase.format(**words)
        return sentence[0].upper() + sentence[1:]

    for stage in stages:
        talk = bank["stages"][stage]
        fitting = [filler for name, fillers in talk.get("met", {}).items() if met[name] for filler in fillers]
        lines: list[tuple[str, str | None]] = [(fill(filler), None) for filler in _some(talk["fillers"] + fitting, rng)]
        for code in (code for code in said if code["stage"] == stage):
            times = 1 + int(rng.random() < SAID_AGAIN)
            for phrase in rng.choice(code["phrases"], times, replace=False):
                lines.append((_opened(fill(str(phrase)), openers, rng), code["path"]))
        order = [0, *(1 + rng.permutation(len(lines) - 1))]
        add("Interviewer: " + fill(str(rng.choice(talk["questions"]))), "\n")
        cut = 1 + len(lines) // 2 if len(lines) > 3 else len(lines)
        add("Participant:", " ")
        for place, number in enumerate(order):
            if place == cut:
                text = text.rstrip(" ") + "\n"
                add("Interviewer: " + str(rng.choice(talk["followups"])), "\n")
                add("Participant:", " ")
            sentence, path = lines[number]
            span = add(sentence if sentence[-1] in ".?" else sentence + ("?" if _asks(sentence) else "."), " ")
            sentences.append(span)
            if path is not None:
                passages.append(Passage(*span, path))
        text = text.rstrip(" ") + "\n"
    return Transcript(document_id, text.rstrip("\n"), tuple(sentences), tuple(passages), stages)


def _some(fillers: list[str], rng: np.random.Generator) -> list[str]:
    """Two or three fillers, in random order."""
    return [str(filler) for filler in rng.permutation(fillers)[: 2 + int(rng.random() < 0.4)]]


def _asks(sentence: str) -> bool:
    return sentence.lower().split(", ")[-1].startswith("why ")


def _opened(sentence: str, openers: list[str], rng: np.random.Generator) -> str:
    """The sentence with one of this person's openers before it, at times."""
    if rng.random() > 0.3:
        return sentence
    first = sentence if sentence.startswith(("I ", "I'", "VR")) else sentence[0].lower() + sentence[1:]
    return str(rng.choice(openers[:3])) + first


def _codebook(codes: list[dict[str, Any]]) -> pd.DataFrame:
    """The codes with their parents; parents only gather."""
    rows: list[dict[str, Any]] = []
    known: set[str] = set()
    for code in codes:
        parts = code["path"].split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if parent not in known:
                known.add(parent)
                rows.append({"path": parent, "description": f"All codes under {parts[depth - 1]}.", "codable": "no"})
        rows.append({key: code.get(key) for key in ("path", "description", "valence", "stage", "touchpoint")})
        rows[-1]["codable"] = "yes"
    return pd.DataFrame(rows, columns=["path", "description", "valence", "stage", "touchpoint", "codable"])


def _crosswalk(
    ids: list[str], customers: pd.DataFrame, collected: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Who is who: two did not agree to be linked, ten not to be quoted, two withdrew; three links end after the interview."""
    n = len(ids)
    order = rng.permutation(n)
    linkage, quotes = np.full(n, "yes", object), np.full(n, "yes", object)
    linkage[order[:2]] = "no"
    quotes[order[:10]] = "no"
    withdrawn = np.full(n, "", object)
    withdrawn[order[10:12]] = (collected[order[10:12]] + 20).astype(str)
    method, until = np.full(n, "login", object), np.full(n, "", object)
    method[order[14:22]], method[order[22:26]] = "invitation link", "order number"
    until[order[26:29]] = (collected[order[26:29]] + 10).astype(str)
    return pd.DataFrame(
        {
            "participant_id": ids,
            "customer_id": customers["customer_id"].to_numpy(str),
            "link_method": method,
            "consent_linkage": linkage,
            "consent_quotes": quotes,
            "valid_from": (world.START.astype("datetime64[D]") + customers["entered"].to_numpy()).astype(str),
            "valid_to": until,
            "withdrawn_at": withdrawn,
        }
    )


def _voices(
    codes: list[dict[str, Any]], says: dict[str, np.ndarray], asked: dict[str, np.ndarray], met: pd.DataFrame
) -> list[dict[str, Any]]:
    """The planted voices: how many of those asked say each code, and how many of these met what it speaks of."""
    rows = []
    for code in codes:
        said, audience = says[code["path"]], asked[code["stage"]]
        touchpoint = code.get("touchpoint")
        needs = code.get("needs", touchpoint)
        rows.append(
            {
                "code": code["path"],
                "stage": code["stage"],
                "touchpoint": touchpoint,
                "share_planted": code["share"],
                "asked": int(audience.sum()),
                "said": int(said.sum()),
                "share_said": round(float(said.sum() / audience.sum()), 4),
                "said_and_met": int((said & met[needs].to_numpy()).sum()),
                "found_by_a_coder": code["found"],
            }
        )
    return rows
