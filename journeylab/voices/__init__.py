"""What customers say, how many of them, and whether the coders agree."""

from journeylab.voices.agreement import Agreement, agreement, weak_codes
from journeylab.voices.alignment import Gamma, gamma
from journeylab.voices.cooccurrence import Cooccurrence, cooccurrence
from journeylab.voices.drivers import Drivers, key_drivers
from journeylab.voices.groups import CodeByGroup, code_by_group
from journeylab.voices.importance import relative_weights, shapley_shares
from journeylab.voices.measures import alpha
from journeylab.voices.nps_groups import NpsByGroup, compare_nps, nps_difference
from journeylab.voices.prevalence import Prevalence, prevalence
from journeylab.voices.questionnaires import pssuq, sus, umux_lite
from journeylab.voices.quotes import RULES, quotes, why_no_quotes
from journeylab.voices.response import ResponseRates, response_rates
from journeylab.voices.saturation import Saturation, saturation
from journeylab.voices.score_table import Scores, score_table
from journeylab.voices.scores import Score, ces, completion, csat, nps, seq, task_time
from journeylab.voices.unitizing import UnitizingAgreement, unitizing_agreement
from journeylab.voices.units import usual_unit
from journeylab.voices.unseen import Unseen, unseen
from journeylab.voices.valence import StageValence, valence_by_stage

__all__ = [
    "RULES",
    "Agreement",
    "CodeByGroup",
    "Cooccurrence",
    "Drivers",
    "Gamma",
    "NpsByGroup",
    "Prevalence",
    "ResponseRates",
    "Saturation",
    "Score",
    "Scores",
    "StageValence",
    "UnitizingAgreement",
    "Unseen",
    "agreement",
    "alpha",
    "ces",
    "code_by_group",
    "compare_nps",
    "completion",
    "cooccurrence",
    "csat",
    "gamma",
    "key_drivers",
    "nps",
    "nps_difference",
    "prevalence",
    "pssuq",
    "quotes",
    "relative_weights",
    "response_rates",
    "saturation",
    "score_table",
    "seq",
    "shapley_shares",
    "sus",
    "task_time",
    "umux_lite",
    "unitizing_agreement",
    "unseen",
    "usual_unit",
    "valence_by_stage",
    "weak_codes",
    "why_no_quotes",
]
