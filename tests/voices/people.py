"""Small coded studies to count by hand."""

from __future__ import annotations

import pandas as pd


def codebook(*rows: tuple[str, float | None, str | None]) -> pd.DataFrame:
    """Codes from (path, valence, stage); parents are made where a path has them."""
    known: dict[str, dict[str, object]] = {}
    for path, valence, stage in rows:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            name = "/".join(parts[:depth])
            known.setdefault(
                name,
                {
                    "code_id": name,
                    "path": name,
                    "name": parts[depth - 1],
                    "parent_id": "/".join(parts[: depth - 1]) or None,
                    "valence": None,
                    "stage": None,
                    "touchpoint": None,
                },
            )
        known[path].update(valence=valence, stage=stage)
    return pd.DataFrame(list(known.values())).astype({"valence": "float64"})


def spoken(*rows: tuple[str, str]) -> pd.DataFrame:
    """Codings of one coder from (document, code); every one on a passage of its own."""
    return pd.DataFrame(
        [
            {"segment_id": f"s{number}", "document_id": document, "code_id": code, "coder": "anna"}
            for number, (document, code) in enumerate(rows)
        ]
    )


def interviews(n: int) -> pd.DataFrame:
    """Documents d0, d1, ... of the people p0, p1, ..."""
    return pd.DataFrame(
        {
            "document_id": [f"d{number}" for number in range(n)],
            "participant_id": [f"p{number}" for number in range(n)],
            "name": [f"Interview {number}" for number in range(n)],
        }
    )


def guide(*rows: tuple[str, str]) -> pd.DataFrame:
    """What was asked, from (document, stage)."""
    return pd.DataFrame(rows, columns=["document_id", "stage"])
