"""journeylab: customer journeys from what people say and what they do."""

from journeylab.errors import (
    DataError,
    DataQualityWarning,
    JourneylabError,
    ReportError,
    StatisticalWarning,
    StudyError,
)
from journeylab.study import Study, open_study

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
]
