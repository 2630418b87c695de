"""Draw journey maps: as accessible HTML with SVG, one beside the last, one a behaviour, and as a slide."""

from journeylab.journeymap.drawing.beside import Change, beside
from journeylab.journeymap.drawing.gallery import gallery
from journeylab.journeymap.drawing.table import draw_html

__all__ = ["Change", "beside", "draw_html", "gallery"]
