"""On which of the five stages does a name stand? Guessed from plain words, English and German, and always told as a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORDS = {
    "evaluation": (
        "review reviews rating ratings rate support help faq contact return returns refund refunds complaint complaints "
        "survey feedback ticket warranty status tracking bewertung bewertungen retoure retouren hilfe kontakt reklamation"
    ),
    "purchase": (
        "order orders ordered thank thanks thankyou confirmation confirmed purchase purchased success receipt bought "
        "delivered shipped delivery bestellung bestellt danke kauf lieferung"
    ),
    "decision": (
        "cart basket bag checkout payment pay billing wishlist voucher coupon address warenkorb kasse zahlung merkliste"
    ),
    "consideration": (
        "product products item items search searched list listing category categories catalog catalogue collection "
        "collections compare comparison detail details browse shop specs "
        "pricing price prices tariff tariffs "
        "produkt produkte artikel suche kategorie katalog vergleich preis preise tarif tarife"
    ),
    "awareness": (
        "home homepage index start landing ad ads advert campaign newsletter banner impression blog social "
        "startseite anzeige kampagne"
    ),
}
"""Words by stage; where a name has words of several, the stage that stands first here wins."""

STAGE_OF = {word: stage for stage, words in WORDS.items() for word in words.split()}
SPOKEN = {
    "review": "review reviews rating ratings rate bewertung bewertungen",
    "help": "faq contact help support hilfe kontakt",
    "trouble": "cancel cancelled canceled cancellation unsubscribe unsubscribed complaint complaints refund refunds error errors "
    "failed failure kuendigen kuendigung kündigen kündigung stornieren storno stornierung abmelden beschwerde reklamation "
    "erstattung fehler",
}

REVIEWS = frozenset(SPOKEN["review"].split())
"""What is read before buying and written after it: the order of events tells which."""

HELP = frozenset(SPOKEN["help"].split())
"""What is asked for at any time: it is evaluation only where it comes after the outcome."""

TELLING = frozenset(SPOKEN["trouble"].split())
"""Words of names that say much however rare they are."""

BUYING = {"checkout", "cart", "basket", "bag", "payment"}
ADDING = {"add", "added", "begin", "remove", "removed", "start", "view"}

VALENCES = {
    -1.0: "pain pains problem problems negative neg bad frustration barrier barriers complaint - -1",
    0.0: "neutral mixed 0",
    1.0: "gain gains delight positive pos good praise like likes + 1",
}
VALENCE_OF = {word: valence for valence, words in VALENCES.items() for word in words.split()}


def words_of(text: str) -> list[str]:
    """The words of a name in small letters; ``addToCart`` has three.

    Examples
    --------
    >>> words_of("addToCart_clicked")
    ['add', 'to', 'cart', 'clicked']
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return re.findall(r"[^\W\d_]+", apart.lower())


def guess_stage(words: Iterable[str]) -> tuple[str, str] | None:
    """The stage that the words of a name speak of, and the word that says so; None where none does.

    Examples
    --------
    >>> guess_stage(["order", "confirmation"])
    ('purchase', 'order')
    """
    words = list(words)
    found = [word for word in words if word in STAGE_OF]
    buying = next((word for word in found if word in BUYING), None)
    if buying and ("review" in found or ADDING & set(words)) and not {"return", "refund"} & set(found):
        return "decision", buying  # a checkout's review is of the order, and "add item to cart" is of the cart
    for stage in WORDS:
        for word in found:
            if STAGE_OF[word] == stage:
                return stage, word
    return None


def guess_valence(text: str) -> tuple[float, str] | None:
    """The valence that a word of a code, or a cell, speaks of, and the word; None where none does.

    Examples
    --------
    >>> guess_valence("Pain/Delivery/Late")
    (-1.0, 'pain')
    """
    cell = text.strip().lower()
    for word in (cell, *words_of(text)):
        if word in VALENCE_OF:
            return VALENCE_OF[word], word
    return None
