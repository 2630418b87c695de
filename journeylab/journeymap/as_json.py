"""The map as map.json: what the results of a run hold, with the lanes and a version."""

from __future__ import annotations

import json
from typing import Any

from journeylab.errors import DataError
from journeylab.journeymap.model import JourneyMap
from journeylab.journeymap.schema import build_map, plain_map


def write_json(journey: JourneyMap, result: str) -> str:
    """Write a map as JSON.

    Parameters
    ----------
    result : str
        What every result writes: kind, summary, method, confidence, assumptions and table.
    """
    return json.dumps({**json.loads(result), **plain_map(journey)}, ensure_ascii=False, allow_nan=False)


def read_json(text: str, where: str) -> JourneyMap:
    """Read a map from JSON.

    Raises
    ------
    DataError
        When it is no JSON, or no such map.
    """

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is no number that JSON has")

    try:
        plain = json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise DataError(f"{where}: is nested too deeply for a map; export the map again.") from None
    except ValueError as error:
        raise DataError(f"{where}: is no sound JSON ({error}); export the map again.") from None
    return build_map(plain, where)
