"""What should we do, how sure are we, and what changed since the last run?"""

from journeylab.findings.changes import measure_changes, stack
from journeylab.findings.credit import share_credit
from journeylab.findings.decisions import decide, specifications
from journeylab.findings.experiments import behaviours_before, effects_by, measure_experiments
from journeylab.findings.gather import close_to_outcome, gather, known_effects, measure_effects
from journeylab.findings.headline import answers_html, headline
from journeylab.findings.horizons import last_horizons
from journeylab.findings.model import GRADES, Evidence, Finding
from journeylab.findings.settled import Settled, basis, settled
from journeylab.findings.since import nothing_before, since_last
from journeylab.findings.stated import stated_beside
from journeylab.findings.statements import find
from journeylab.findings.tables import (
    TRUTH_FORMATS,
    VERDICT_FORMATS,
    as_dict,
    clear_and_unknown,
    to_frame,
    verdict_columns,
    verdict_json,
    verdict_table,
    whole,
    why_unknown,
)
from journeylab.findings.truth import against_truth, experiment_truth, planted

__all__ = [
    "GRADES",
    "TRUTH_FORMATS",
    "VERDICT_FORMATS",
    "Evidence",
    "Finding",
    "Settled",
    "against_truth",
    "answers_html",
    "as_dict",
    "basis",
    "behaviours_before",
    "clear_and_unknown",
    "close_to_outcome",
    "decide",
    "effects_by",
    "experiment_truth",
    "find",
    "gather",
    "headline",
    "known_effects",
    "last_horizons",
    "measure_changes",
    "measure_effects",
    "measure_experiments",
    "nothing_before",
    "planted",
    "settled",
    "share_credit",
    "since_last",
    "specifications",
    "stack",
    "stated_beside",
    "to_frame",
    "verdict_columns",
    "verdict_json",
    "verdict_table",
    "whole",
    "why_unknown",
]
