"""Whom a study knows: ids to replace, names to mask, passages without consent, and people who withdrew."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from journeylab.release.words import Names, fold, fold_word, put, tidy

if TYPE_CHECKING:
    import pandas as pd

    from journeylab.study import Study

T = TypeVar("T")
NAME_COLUMN = re.compile(
    r"(?i)(?:(?:participant|person|customer|contact|first|last|full|given|family|middle|user|nick|display|fore|sur|vor|nach)"
    r"[_ ]?)?name"
)
PLAIN_ID = re.compile(r"\w+(?:[-.:@+/]\w+)*")
TOKEN = re.compile(r"\w+(?:[-.:@+/]\w+)*")
PART = re.compile(r"[^\W_]+")
MOST_JOINED = 8
"""Of how many joined parts an id is looked for within a longer word."""
ID_HEADING = re.compile(
    r"(?i).*\b(participants?|customers?|persons?|people|respondents?|documents?|interviews?|who|ids?|visitors?|users?|examples?)"
    r"\b.*"
)
GRAM = 6
SIGNS = 8
SHORTEST = 6
FEWEST = 2
"""Signs without spaces that are a passage where they stand alone; a single sign may be anybody's word."""
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese signs, which are written without spaces between words."""
ALONE = re.compile('["“”„‟«»‹›‘’「」『』\n:;•·|()–—]')
"""What sets a few words apart as a quote or an item."""
CLAUSE = re.compile("[,，、.。｡!！?？]")
LETTERS = {"participant": "P", "customer": "C", "document": "D", "coder": "K"}


@dataclasses.dataclass(frozen=True)
class People:
    """What the gate has to know of the people in a study.

    Attributes
    ----------
    ids : dict of str to str
        Id to its letter; participants before customers before documents.
    withdrawn : dict of str to str
        Ids of people who withdrew (participant, customer, documents), to the row of the crosswalk.
    names : Names
    unsaid, gone : Passages
        What people without consent, and people who withdrew, said.
    vocabulary : frozenset of str
        Words of the study itself (touchpoints, stages, codes), which are nobody's id.
    customers : int
        How many there are; where a study has none, how many participants.
    """

    ids: dict[str, str]
    withdrawn: dict[str, str]
    names: Names
    unsaid: Passages
    gone: Passages
    vocabulary: frozenset[str]
    customers: int


class Ids:
    """Finds ids in text as whole words.

    Notes
    -----
    An id that is a word of the study, or a number of fewer than five digits, is found only where a column or a cell is about ids
    (`within`): everywhere else it is a number or a word like any other.
    """

    def __init__(self, ids: Iterable[str], vocabulary: frozenset[str] = frozenset()) -> None:
        known = sorted(name for name in ids if name.strip())
        own = {fold_word(word) for word in vocabulary}
        self.exact = {fold_word(name): name for name in known}
        self.clear = {plain: name for plain, name in self.exact.items() if _distinct(plain) and plain not in own}
        odd = sorted(
            (plain for plain in self.exact if not PLAIN_ID.fullmatch(plain)), key=lambda plain: (-len(plain), plain)
        )
        self.odd = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, odd))})(?![^\W_])") if odd else None

    def replace(self, text: str, into: Callable[[str], str], *, within: bool = False) -> tuple[str, int]:
        """The text with ids replaced, and how many there were."""
        times = 0
        if self.odd is not None:
            folded, places = fold(text)
            spans = [(places[m.start()], places[m.end()], into(self.exact[m[0]])) for m in self.odd.finditer(folded)]
            text, times = put(text, spans), len(spans)
        folded, places = fold(text)
        spans = [
            (places[start], places[end], into(name))
            for match in TOKEN.finditer(folded)
            for start, end, name in _ids_in(match, self.exact if within else self.clear)
        ]
        return put(text, spans), times + len(spans)

    def find(self, text: str, *, within: bool = False) -> Iterator[tuple[int, str]]:
        """Line and id of each that stands in a text."""
        found: list[str] = []
        for number, line in enumerate(text.split("\n"), 1):
            found.clear()
            self.replace(line, lambda name: found.append(name) or name, within=within)  # type: ignore[func-returns-value]
            for name in found:
                yield number, name


def _ids_in(match: re.Match[str], known: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    """Start, end and id of each id in a word, which may be joined to others: ``user_c14``, ``c14-mobile``."""
    word, begin = match[0], match.start()
    if (name := known.get(word)) is not None:
        yield begin, match.end(), name
        return
    parts = [(part.start(), part.end()) for part in PART.finditer(word)]
    place = 0
    while place < len(parts):
        for last in range(min(len(parts), place + MOST_JOINED) - 1, place - 1, -1):
            start, end = parts[place][0], parts[last][1]
            if (name := known.get(word[start:end])) is not None:
                yield begin + start, begin + end, name
                place = last
                break
        place += 1


def _distinct(name: str) -> bool:
    """Whether an id can hardly be another word or number."""
    digits = sum(sign.isdigit() for sign in name)
    letters = sum(sign.isalpha() for sign in name)
    return (digits > 0 and letters > 0) or digits > 4 or letters > 3


class Passages:
    """Words that must not be quoted.

    Notes
    -----
    Found as six words in a row, or as the whole of a shorter passage of three words. Where a script has no spaces between words,
    eight signs in a row are looked for, or the whole of a shorter passage of six. A passage of one or two words (of six signs,
    or of two to five that are written without spaces) is found only where it stands by itself, as a whole text or between
    quotation marks, commas or full stops: within a sentence it may be anybody's.
    """

    def __init__(self, passages: Iterable[str], agreed: Iterable[str] = ()) -> None:
        passages, agreed = list(passages), list(agreed)
        self.grams = _all(_grams, passages) - _all(_grams, agreed)
        self.sizes = sorted({len(gram) for gram in self.grams})
        self.signs = _all(_sign_grams, passages) - _all(_sign_grams, agreed)
        self.lengths = sorted({len(gram) for gram in self.signs})
        self.short = _all(_short, passages) - _all(_short, agreed)

    def within(self, text: str, *, short: bool = True) -> bool:
        """Whether a text holds one of the passages; those of one or two words only where asked."""
        words = _words(text)
        if any(
            tuple(words[start : start + size]) in self.grams
            for size in self.sizes
            for start in range(len(words) - size + 1)
        ):
            return True
        signs = "".join(UNSPACED.findall(tidy(text))) if self.signs and not text.isascii() else ""
        if any(
            signs[start : start + size] in self.signs for size in self.lengths for start in range(len(signs) - size + 1)
        ):
            return True
        return short and bool(self.short) and any(" ".join(_words(part)) in self.short for part in _alone(text))


def _alone(text: str) -> Iterator[str]:
    """What stands by itself in a text; where no spaces are written, also what stands between commas and full stops."""
    for part in ALONE.split(text):
        yield part
        if not part.isascii():
            yield from CLAUSE.split(part)


def _all(of: Callable[[str], Iterator[T]], texts: Iterable[str]) -> set[T]:
    return {gram for text in texts for gram in of(text)}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", tidy(text).casefold())


def _grams(text: str) -> Iterator[tuple[str, ...]]:
    words = _words(text)
    if 3 <= len(words) < GRAM:
        yield tuple(words)
    for start in range(len(words) - GRAM + 1):
        yield tuple(words[start : start + GRAM])


def _sign_grams(text: str) -> Iterator[str]:
    signs = "".join(UNSPACED.findall(tidy(text)))
    if SHORTEST <= len(signs) < SIGNS:
        yield signs
    for start in range(len(signs) - SIGNS + 1):
        yield signs[start : start + SIGNS]


def _short(text: str) -> Iterator[str]:
    words = _words(text)
    if 0 < len(words) < 3 and (len("".join(words)) >= SHORTEST or len(UNSPACED.findall(tidy(text))) >= FEWEST):
        yield " ".join(words)


def know(study: Study) -> People:
    """Read anew whom the study knows; the crosswalk as it is now."""
    withdrawn_documents = _documents_of(study, study.withdrawn_participants)
    ids: dict[str, str] = {}
    listed = {
        "participant": [_column(study.participants, "participant_id"), _column(study.crosswalk, "participant_id"),
                         _column(_all_documents(study), "participant_id"), study.withdrawn_participants],
        "customer": [_column(study.crosswalk, "customer_id"), _column(study.recorded, "customer_id"), study.withdrawn_customers,
                      _column(study.customers, "customer_id"), _column(study.assignments, "customer_id"),
                      _column(study.responses, "respondent_id"), _column(study.screener, "respondent_id")],
        "document": [_column(_all_documents(study), "document_id"), _column(study.segments, "document_id")],
        "coder": [_column(study.codings, "coder")],
    }  # fmt: skip
    for kind, groups in listed.items():
        for group in groups:
            for name in group:
                ids.setdefault(str(name), LETTERS[kind])
    known = {
        kind: {str(name) for group in groups for name in group}
        for kind, groups in listed.items() if kind in {"participant", "customer"}
    }  # fmt: skip
    rows = dict.fromkeys(sorted(study.withdrawn_customers | withdrawn_documents), "")
    rows |= {row.participant_id: f"on {row.withdrawn_at:%Y-%m-%d}" for row in study.withdrawals.itertuples()}
    whole, parts = _names(study)
    vocabulary = _vocabulary(study)
    agreed, unsaid, gone = _passages(study)
    return People(
        ids=ids,
        withdrawn=rows,
        names=Names(whole, {part for part in parts if part.casefold() not in vocabulary}),
        unsaid=Passages(unsaid, agreed),
        gone=Passages(gone, agreed),
        vocabulary=vocabulary,
        customers=len(known["customer"]) or len(known["participant"]),
    )


def _column(frame: pd.DataFrame | None, name: str) -> set[str]:
    return set() if frame is None or name not in frame else set(frame[name].dropna().astype(str))


def _all_documents(study: Study) -> pd.DataFrame | None:
    return None if study.coded is None else study.coded.documents


def _documents_of(study: Study, people: set[str]) -> set[str]:
    documents = _all_documents(study)
    if documents is None or "participant_id" not in documents:
        return set()
    return set(documents.loc[documents["participant_id"].isin(people), "document_id"].astype(str))


def _passages(study: Study) -> tuple[list[str], list[str], list[str]]:
    """What people who agreed said, what others said, and what those said who withdrew."""
    if study.coded is None:
        return [], [], []
    gone = _documents_of(study, study.withdrawn_participants)
    crosswalk = study.crosswalk
    agreed: set[str] = set()
    if crosswalk is not None and "consent_quotes" in crosswalk:
        agreed = set(crosswalk.loc[crosswalk["consent_quotes"].astype(bool), "participant_id"])
    quotable = _documents_of(study, agreed) - gone
    said: dict[str, list[str]] = {"agreed": [], "unsaid": [], "gone": []}
    for table in (study.coded.segments, study.coded.documents):
        if table is None or "text" not in table:
            continue
        for document, text in zip(table["document_id"].astype(str), table["text"], strict=True):
            if isinstance(text, str):
                said["gone" if document in gone else "agreed" if document in quotable else "unsaid"].append(text)
    if study.responses is not None and "verbatim" in study.responses:
        said["unsaid"] += [text for text in study.responses["verbatim"] if isinstance(text, str)]
    return said["agreed"] + list(_vocabulary(study)), said["unsaid"], said["gone"]


def _names(study: Study) -> tuple[set[str], set[str]]:
    """Whole names, and the parts of participants' names."""
    whole = set(study.config.privacy.names)
    parts: set[str] = set()
    coded = study.coded
    for frame in (None if coded is None else coded.participants, study.customers):
        if frame is None:
            continue
        for column in frame.columns:
            if column in {"participant_id", "customer_id"} or not NAME_COLUMN.fullmatch(str(column)):
                continue
            for name in sorted(_column(frame, str(column))):
                if not any(sign.isdigit() for sign in name):
                    whole.add(name)
                    if frame is not study.customers:
                        parts |= set(re.findall(r"[^\W\d_]{3,}", name))
    return whole, parts


def _vocabulary(study: Study) -> frozenset[str]:
    """The study's own words, in small letters."""
    words = {*study.stages, *(rule.name or "" for rule in study.config.touchpoints)}
    words |= {rule.channel or "" for rule in study.config.touchpoints} | {rule.name for rule in study.config.outcomes}
    if study.config.events:
        words |= set(study.touchpoints["touchpoint"].astype(str))
    if study.codes is not None:
        for column in ("code_id", "name", "path"):
            words |= _column(study.codes, column)
    words |= {part for word in list(words) for part in re.split(r"[\s/]+", word)}
    return frozenset(word.casefold() for word in words if word)
