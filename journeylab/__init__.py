"""journeylab: customer journeys from what people say and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeylab.errors import (
    DataError,
    DataQualityWarning,
    JourneylabError,
    ReportError,
    StatisticalWarning,
    StudyError,
)

if TYPE_CHECKING:
    from journeylab.opening import open_study
    from journeylab.saving import save
    from journeylab.study import Study

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "DataQualityWarning",
    "JourneylabError",
    "ReportError",
    "StatisticalWarning",
    "Study",
    "StudyError",
    "open_study",
    "save",
]


def __getattr__(name: str) -> Any:
    """Import the study, and what saves, when first used, so that the command starts at once."""
    if name == "Study":
        from journeylab.study import Study

        return Study
    if name == "open_study":
        from journeylab.opening import open_study

        return open_study
    if name == "save":
        from journeylab.saving import save

        return save
    raise AttributeError(f"module 'journeylab' has no attribute '{name}'")
