"""Small counts in the language of a study: "drei Kunden", "trois des 46 clients", "dos de 46 personas"."""

from __future__ import annotations

import dataclasses
import re
from functools import cache

from journeylab.release.grid import WHOLE, whole


@dataclasses.dataclass(frozen=True)
class Language:
    """How a language counts people.

    Attributes
    ----------
    one : str
        Words for one, as regular expressions; counted only in "one of 46", since they are articles too.
    numbers : tuple of str
        From two to nine.
    people, things : str
        What counts of people, and what does not.
    of : str
        Between a part and its whole.
    beyond : tuple of str
        What makes a number a bound and no count.
    """

    one: str
    numbers: tuple[str, ...]
    people: str
    things: str
    of: str
    beyond: tuple[str, ...]


LANGUAGES = {
    "de": Language(
        "ein(?:e[rsmn]?)?",
        ("zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
        r"Kund(?:e|en|in|innen)|Leuten?|Person(?:en)?|Menschen|Teilnehm(?:er|ern|erin|erinnen|ende|enden)|Befragten?|"
        r"Nutzer(?:n|in|innen)?|Besucher(?:n|in|innen)?|Patient(?:en|in|innen)?|Käufer(?:n|in|innen)?|Mitglieder[n]?|"
        r"Mitarbeiter(?:n|in|innen)?|Frauen|Männern?|Haushalten?|Gästen?|Interviews|Interviewten?|Antworten",
        r"Kontaktpunkten?|Touchpoints?|Codes?|Stufen|Phasen|Schritten?|Tests?|Zielen?|Tagen?|Wochen|Monaten?|Jahren?|Fragen|"
        r"Seiten|Punkten?",
        "von|aus|der|unter",
        ("weniger als ", "mehr als ", "mindestens ", "höchstens ", "bis zu ", "unter ", "über ", "ab "),
    ),
    "fr": Language(
        "une?",
        ("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
        r"client(?:e?s|e)?|personnes?|participant(?:e?s|e)?|répondant(?:e?s|e)?|utilisat(?:eurs?|rices?)|visiteu(?:rs?|ses?)|gens|"
        r"femmes|hommes|membres?|patient(?:e?s|e)?|acheteurs?|foyers?|ménages?|entretiens?|réponses?",
        r"points? de contact|codes?|étapes?|phases?|tests?|objectifs?|jours?|semaines?|mois|ans|années?|questions?|pages?|points?",
        "sur|des|de|parmi",
        ("moins de ", "plus de ", "au moins ", "au plus ", "jusqu'à "),
    ),
    "es": Language(
        "un[oa]?",
        ("dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
        r"clientes?|clientas?|personas?|participantes?|usuari[oa]s?|encuestad[oa]s?|entrevistad[oa]s?|entrevistas?|visitantes?|"
        r"miembros?|pacientes?|mujeres|hombres|comprador(?:es|as?)?|hogares|respuestas?",
        r"puntos? de contacto|códigos?|etapas?|fases?|pasos?|pruebas?|objetivos?|días?|semanas?|mes(?:es)?|años?|preguntas?|"
        r"páginas?|puntos?",
        "de|sobre|entre",
        ("menos de ", "más de ", "al menos ", "como mucho ", "hasta "),
    ),
}  # fmt: skip


def language_of(locale: str) -> str:
    """The language of a locale such as ``de_CH``; empty where its counts are not known here.

    Examples
    --------
    >>> language_of("de_CH"), language_of("fr-FR"), language_of("sv_SE"), language_of("")
    ('de', 'fr', '', '')
    """
    language = re.split(r"[_-]", locale)[0].lower()
    return language if language in LANGUAGES else ""


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What counts people, and what counts a part of a whole."""
    known = LANGUAGES[name]
    spelt = "|".join(known.numbers)
    bound = "".join(f"(?<!{words})" for words in known.beyond)
    count = rf"{bound}(?<![\w.,+−-])({WHOLE.pattern}|{spelt}) (?:[^\W\d_]{{1,30}} )?(?:{known.people})\b"
    part = (
        rf"{bound}(?<![\w.,/])({WHOLE.pattern}|{spelt}|{known.one})(?:\s[^\W\d_]{{1,30}})?\s(?:{known.of})\s(?:[^\W\d_]{{1,12}}\s)?"
        rf"({WHOLE.pattern})(?![\d.,]{{0,3}}\d)(?!\s(?:{known.things})\b)"
    )
    return re.compile(count, re.IGNORECASE), re.compile(part, re.IGNORECASE)


def few_in(text: str, minimum: int, name: str, *, spelt: bool = True) -> bool:
    """Whether a text tells in this language of some people, but of fewer than may be told.

    Examples
    --------
    >>> few_in("Nur drei Kunden gingen.", 5, "de"), few_in("trois des 46 clients", 5, "fr"), few_in("una de 46", 5, "es")
    (True, True, True)
    >>> few_in("weniger als drei Kunden", 5, "de"), few_in("drei von 13 Kontaktpunkten", 5, "de"), few_in("drei Kunden", 3, "de")
    (False, False, False)
    """
    if not name:
        return False
    count, part = _patterns(name)
    counts = [(_number(match[1], name), None, match[1]) for match in count.finditer(text)]
    parts = [(_number(match[1], name), whole(match[2]), match[1]) for match in part.finditer(text)]
    for k, n, word in [*counts, *parts]:
        if not spelt and not word[0].isdigit():
            continue
        if 0 < k < minimum and (n is None or k <= n):
            return True
        if n is not None and k <= n and (0 < n - k < minimum or 0 < n < minimum):
            return True
    return False


def _number(word: str, name: str) -> int:
    if word[0].isdigit():
        return whole(word)
    low = word.casefold()
    return LANGUAGES[name].numbers.index(low) + 2 if low in LANGUAGES[name].numbers else 1
