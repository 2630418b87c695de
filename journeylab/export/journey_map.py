"""The journey map as a file: map.json, a workbook to edit, CJML, a CSV grid, or a slide."""

from __future__ import annotations

from journeylab.export.outcome import Outcome, Written
from journeylab.study import Study
from journeylab.tables import Loss

NAMES = ("map.json", "map.xlsx", "map.cjml.xml", "map.csv", "map.png")
"""How the name of such a file ends."""


def map_file(study: Study, name: str, share: str) -> tuple[Written, str]:
    """Draw the map and write it in the format that the name stands for.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    share : str
        ``internal`` or ``public``, see `journeylab.journeymap.draw`.
    """
    from journeylab.journeymap import JourneyMap, draw  # here, since it is slow and other files need none of it
    from journeylab.journeymap.as_xlsx import write_xlsx
    from journeylab.journeymap.drawing.picture import draw_png

    journey = draw(study, share=share)
    if name == "map.xlsx":
        content = write_xlsx(journey)
    elif name == "map.png":
        content = draw_png(journey)
    else:
        written = {"map.json": JourneyMap.to_json, "map.cjml.xml": JourneyMap.to_cjml, "map.csv": JourneyMap.to_csv}
        content = (written[name](journey).rstrip("\n") + "\n").encode("utf-8")
    outcomes = [Outcome(what, n, n) for what, n in (("stages", len(journey.stages)), ("lanes", len(journey.lanes)))]
    if journey.edits:
        lacks = {"map.csv": "a grid has no room for", "map.png": "a slide has no room for"}.get(name)
        n, examples = len(journey.edits), tuple(f"'{edit.lane}' at '{edit.stage}'" for edit in journey.edits[:3])
        lost = () if lacks is None else (Loss(lacks, n, examples),)
        outcomes.append(Outcome("edits", n, 0 if lost else n, lost))
    notes = [f"not on this map: {note}." for note in journey.notes]
    if name == "map.png":
        notes.append("A slide holds the first lines of the lanes that say most; map.json and the report hold all.")
    if name == "map.csv":
        notes.append("A grid holds texts alone: no numbers, no intervals, no edits.")
    holds = (
        "Quotes without consent and small cells are not in it; what the team wrote is, so read it before you pass it on."
        if share == "public"
        else "It may hold quotes of people who agreed to them within the team alone, and cells of few people; keep it within "
        "the team, or write it with --share public."
    )
    return Written(content, tuple(outcomes), tuple(notes)), holds
