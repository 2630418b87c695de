"""What journeylab's own pages bring, such as colours, is no leak."""

from __future__ import annotations

from journeylab.journeymap.drawing.style import style
from journeylab.release.check import COLOUR
from journeylab.release.words import masked


def test_colours_of_our_styles_are_no_order_numbers() -> None:
    own = style(5)
    assert masked(own)[1], "a dark tint reads as a number, so this test sees something"
    assert not masked(COLOUR.sub("", own))[1]
    assert masked(COLOUR.sub("", '.x::after{content:"order #482720201"}'))[1], "a number in a style is still one"


def test_bars_that_repeat_words_go_without_a_word_and_choices_go_whole() -> None:
    from types import SimpleNamespace

    from journeylab.release.hiding import NO_FIGURE, hide_figures
    from journeylab.release.markup import parse
    from journeylab.release.page import FORBIDDEN

    tree = parse(
        '<main><p>3 of 9<svg aria-hidden="true"><path d="M0,1H33"/></svg></p><svg role="img"><path d="M0,0"/></svg></main>'
    )
    page = SimpleNamespace(tree=tree, grids=[], touched=set(), own=set(), tally={"figures left out": 0})
    hide_figures(page)  # type: ignore[arg-type]
    assert not list(tree.every("svg"))
    assert page.tally == {"figures left out": 1}
    assert [note.words for note in tree.every("p")][1:] == [NO_FIGURE]
    assert "fieldset" in FORBIDDEN
