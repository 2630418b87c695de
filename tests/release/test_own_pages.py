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
