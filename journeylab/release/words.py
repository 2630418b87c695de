"""Words that point to a person: what is masked wherever it stands in a page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
SAME = {ord(sign): "'" for sign in "’‘‛ʼʹ′`´＇"} | {ord(sign): "-" for sign in "‐‑‒–−﹣－"}
"""Signs that are written one for the other in names and ids."""
CLUSTER = re.compile(r".[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\u3099\u309a\ufe20-\ufe2f]*", re.DOTALL)
"""A sign with the accents that are written after it."""
DATE = r"(?!\d{4}-\d\d-\d\d(?![\d-]))"
YEARS = r"(?!(?:19|20)\d\d ?[-–/] ?(?:19|20)\d\d(?![\d-]| ?[-–/]? ?\d))"
"""From one year to another, which is no number of anybody."""
DECIMALS = re.compile(r"\d{1,7}\.\d{1,12}(?: ?[(/ –-] ?\d{1,7}\.\d{1,4})*")
OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
ENDINGS = (
    "com|org|net|info|biz|edu|gov|int|io|ai|dev|app|shop|store|online|site|cloud|blog|xyz|test|example|eu|de|fr|uk|nl|pl|cz|sk|dk|fi|"
    "ie|pt|gr|hu|ro|bg|hr|rs|ua|ru|tr|il|ae|cn|jp|kr|tw|hk|sg|au|nz|za|br|mx|ar|cl|ca"
)
"""Endings by which a bare domain is known; those that are words too (it, so, to) count only behind two dots or before a path."""
IBAN = re.compile(r"(?i)(?<![^\W_])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}(?![^\W_])")
IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ DZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST",
        26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE",
        31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""How many signs an IBAN of each country has (SWIFT, IBAN registry)."""
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("e-mail", re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")),
    ("e-mail", re.compile(
        r"(?i)[\w.+-]{1,64} ?[\[({] ?(?:at|@) ?[\])}] ?[\w-]{1,63}(?: ?(?:\.|[\[({] ?(?:dot|\.) ?[\])}]) ?[\w-]{2,63}){1,3}")),
    ("e-mail", re.compile(r"(?i)[\w.+-]{1,64} at [\w-]{1,63}(?: dot [a-z]{2,24}){1,3}\b")),
    ("e-mail", re.compile(r"[\w.+%-]{1,64} ?@ ?[\w-]{1,63}(?: ?\.[\w-]{1,63}){0,4} ?\.(?!\d)[^\W_]{2,24}\b")),
    ("e-mail", re.compile(
        r"(?i)[\w.+-]{1,64} ?[\[({] ?(?:a|ä|ät|et) ?[\])}] ?[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[a-z]{2,24}\b")),
    ("link", re.compile(r"(?i)(?:\b(?:https?|ftp|file|mailto|data|javascript):(?://)?|\bwww\.)[^\s<>\"']+")),
    ("link", re.compile(
        r"(?i)(?<![\w./-])(?:[\w-]{1,63}\.){1,4}(?!(?:html?|csv|json|py|toml|ipynb|txt|md|png|svg|zip|xml|xlsx|ya?ml)\b)[a-z]{2,24}"
        r"(?::\d{2,5})?[/?](?=[\w?&=%~.#-])[^\s<>\"']+")),
    ("link", re.compile(
        rf"(?i)(?<![\w./@-])(?!\d+\.)(?:[a-z0-9](?:[\w-]{{0,61}}[^\W_])?\.){{1,4}}(?:{ENDINGS})(?::\d{{2,5}})?(?![\w@(-]|\.\w)")),
    ("link", re.compile(
        r"(?i)(?<![\w./@-])(?:[a-z0-9](?:[\w-]{0,61}[^\W_])?\.){2,4}(?:at|be|ch|es|in|is|it|me|my|no|se|so|to|us)(?![\w@(-]|\.\w)")),
    ("account", re.compile(r"(?i)\b[a-z]{2}\d{2}[ -]?[a-z0-9]{4}(?:[ -]?\d{4}){2,6}(?:[ -]?[a-z0-9]{1,4})?\b")),
    ("account", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")),
    ("address", re.compile(rf"(?<![\d.])(?:{OCTET}\.){{3}}{OCTET}(?!\.?\d)")),
    ("address", re.compile(
        r"(?i)(?<![\w:])(?:(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6})(?![\w:])")),
    ("path", re.compile(r"(?<![\w/.])/(?:home|Users|root|tmp|var|mnt|media|srv|opt|private|work|data|workspace)/[^\s<>\"':,;)]+")),
    ("path", re.compile(r"\b[A-Za-z]:\\[^\s<>\"':,;)]+|\\\\[\w.-]+\\[^\s<>\"']+")),
    ("number", re.compile(
        rf"(?<![\w.,])(?:\+|\(\+?)?{DATE}{YEARS}\d(?:[ ().\-/\u00a0\u2009\u2010-\u2013]{{0,2}}\d){{7,18}}(?![\w%])")),
    ("number", re.compile(r"(?<![\w.,−-])\d{3}[-.]\d{4}(?![\w-])")),
    ("number", re.compile(
        r"(?i)(?<!\w)(?:order|invoice|booking|customer|client|ticket|card|account|contract|bestellung|rechnung|kunde)"
        r"(?: (?:no\.?|nr\.?|number|id))?[ :#]*(?:[A-Z]{1,4}-?)?\d{4,}(?:-\d+)*(?!\w)")),
    ("number", re.compile(
        r"(?i)(?<![^\W_])(?:kunden?|bestell(?:ungs?)?|rechnungs?|auftrags?|vertrags?|konto|ticket|mitglieds?|buchungs?|karten)"
        r"[ -]?(?:nummer|nr\b\.?|id\b|no\b\.?)(?: ?(?:ist|lautet|war))?[ :#=]{0,3}(?:[A-Z]{1,4}-?)?\d{4,}(?:-\d+)*(?!\w)")),
    ("number", re.compile(r"#\d{4,}\b")),
)  # fmt: skip
"""What is masked as what. Numbers are of eight digits and more (phones, cards, orders), or called an order or a customer."""


MAY_BE_MAIL = re.compile(r"@|at|[\[({] ?(?:a|ä|ät|et) ?[\])}]")


def tidy(text: str) -> str:
    """Without signs that a reader does not see and that could split a word; wide and other forms of letters made plain."""
    return unicodedata.normalize("NFKC", INVISIBLE.sub("", text))


def fold(text: str) -> tuple[str, Sequence[int]]:
    """A text as it is compared: small letters, forms made plain (NFKC), one apostrophe, one hyphen, nothing invisible.

    Returns
    -------
    folded : str
    places : sequence of int
        For each sign of the folded text, and for its end, the place in the text.
    """
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    folded: list[str] = []
    places: list[int] = []
    for match in CLUSTER.finditer(text):
        plain = fold_word(match[0])
        folded.append(plain)
        places += [match.start()] * len(plain)
    return "".join(folded), [*places, len(text)]


def fold_word(word: str) -> str:
    """What `fold` makes of one word."""
    plain = unicodedata.normalize("NFKC", INVISIBLE.sub("", word).translate(SAME))
    return unicodedata.normalize("NFKC", plain.casefold())


def put(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """Put words in the place of spans, which are in order and do not overlap."""
    parts, last = [], 0
    for start, end, word in spans:
        parts += [text[last:start], word]
        last = end
    return "".join([*parts, text[last:]])


def masked(text: str) -> tuple[str, list[str]]:
    """Replace what points to a person, and say what was replaced.

    Examples
    --------
    >>> masked("Write to ann@example.org or +49 30 1234567 by 2025-01-14.")
    ('Write to [e-mail] or [number] by 2025-01-14.', ['e-mail', 'number'])
    >>> masked("1,234,567 of 19,984 customers, 95 % interval 10.0 to 25.0 %")
    ('1,234,567 of 19,984 customers, 95 % interval 10.0 to 25.0 %', [])
    """
    found: list[str] = []
    shown = INVISIBLE.sub("", text)
    plain = tidy(text)
    if plain != shown and any(pattern.search(plain) for _, pattern in PATTERNS):
        shown = plain
    shown, accounts = _accounts(shown)
    found += ["account"] * accounts
    low = shown.casefold()
    for kind, pattern in PATTERNS:
        if kind == "e-mail" and not MAY_BE_MAIL.search(low):
            continue
        put = _Put(kind)
        shown = pattern.sub(put, shown)
        found += [kind] * put.times
    return shown, found


def _accounts(text: str) -> tuple[str, int]:
    """The text without IBANs, in capitals or small letters, in one or in groups; known by their length and their check digits."""
    spans = []
    for match in IBAN.finditer(text) if any(sign.isdigit() for sign in text) else ():
        length = IBAN_LENGTHS.get(match[0][:2].upper(), 0)
        places = [place for place, sign in enumerate(match[0]) if sign.isalnum()][:length]
        plain = "".join(match[0][place] for place in places).upper()
        whole = length and len(plain) == length and match[0][places[-1] + 1 : places[-1] + 2] in {"", " ", "-"}
        if whole and plain.isascii() and int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1:
            spans.append((match.start(), match.start() + places[-1] + 1, "[account]"))
    return put(text, spans), len(spans)


class _Put:
    """Puts the word of a kind where it was, but for decimals such as ``53.18 (50.55``."""

    def __init__(self, kind: str) -> None:
        self.kind, self.times = kind, 0

    def __call__(self, match: re.Match[str]) -> str:
        if self.kind == "number" and DECIMALS.fullmatch(match[0]):
            return match[0]
        self.times += 1
        return f"[{self.kind}]"


class Names:
    """Names of people, found as whole words.

    Parameters
    ----------
    whole : iterable of str
        Names that are masked in any case: of the list in study.toml, and full names of participants.
    parts : iterable of str
        First and last names, masked where they begin with a capital.
    """

    def __init__(self, whole: Iterable[str], parts: Iterable[str] = ()) -> None:
        self.whole = _alternatives(whole)
        self.parts = _alternatives(parts)

    def mask(self, text: str) -> tuple[str, int]:
        """The text without the names, and how many there were."""
        times = 0
        for pattern, capital in ((self.whole, False), (self.parts, True)):
            if pattern is not None:
                folded, places = fold(text)
                spans = [(places[match.start()], places[match.end()], "[name]") for match in pattern.finditer(folded)]
                spans = [span for span in spans if not (capital and text[span[0]].islower())]
                text = put(text, spans)
                times += len(spans)
        return text, times


def _alternatives(words: Iterable[str]) -> re.Pattern[str] | None:
    known = sorted(
        {fold_word(word.strip()) for word in words if len(word.strip()) > 1}, key=lambda word: (-len(word), word)
    )
    if not known:
        return None
    spaced = ("\\s+".join(re.escape(part) for part in word.split()) for word in known)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(spaced)})(?![^\W_])")
