"""What moved between two runs of a study, over all of its runs, and what somebody should be told of at once."""

from journeylab.comparing.alerts import Alerts, alert_run, raise_alerts
from journeylab.comparing.behaviours import model_damage
from journeylab.comparing.compare import CLEAR, PERHAPS, Comparison, compare
from journeylab.comparing.reading import SINCE, Reading, read_results, read_run
from journeylab.comparing.trend import LeftOut, Trend, read_runs, trend

__all__ = [
    "CLEAR",
    "PERHAPS",
    "SINCE",
    "Alerts",
    "Comparison",
    "LeftOut",
    "Reading",
    "Trend",
    "alert_run",
    "compare",
    "model_damage",
    "raise_alerts",
    "read_results",
    "read_run",
    "read_runs",
    "trend",
]
