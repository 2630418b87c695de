"""Read a map back from any format that one is written in, told by what the file holds."""

from __future__ import annotations

from pathlib import Path

from journeylab.errors import DataError
from journeylab.journeymap.as_cjml import read_cjml
from journeylab.journeymap.as_grid import read_grid
from journeylab.journeymap.as_json import read_json
from journeylab.journeymap.model import JourneyMap

MOST_MEGABYTES = 8


def read(path: str | Path) -> JourneyMap:
    """Read a map from map.json, a workbook, CJML or a CSV grid.

    Parameters
    ----------
    path : str or Path
        The format is told by the content, not by the name.

    Returns
    -------
    JourneyMap
        What the team said is in `JourneyMap.edits`.

    Raises
    ------
    DataError
        When the file is not there, is larger than 8 MB, or is no sound map; the message says where and what to do.
    """
    file = Path(path)
    try:
        if file.is_file() and file.stat().st_size > MOST_MEGABYTES * 1024**2:
            raise DataError(f"{file}: is larger than {MOST_MEGABYTES} MB, which no map is; export the map again.")
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}.") from None
    where = str(file)
    if content.startswith(b"PK"):
        from journeylab.journeymap.from_xlsx import read_xlsx

        return read_xlsx(content, where)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError(f"{file}: is an old .xls file, or locked by a password; save it as .xlsx without one.")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or content.startswith((b"\xff\xfe<", b"\xfe\xff\0<")):
        return read_cjml(content, where)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: byte {error.start + 1:,} is no UTF-8; save the file as UTF-8.") from None
    return read_json(text, where) if text.lstrip().startswith("{") else read_grid(text, where)
