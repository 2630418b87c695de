"""What customers say, how many of them, and whether the coders agree."""

from journeylab.voices.agreement import Agreement, agreement, weak_codes
from journeylab.voices.alignment import Gamma, gamma
from journeylab.voices.measures import alpha
from journeylab.voices.prevalence import Prevalence, prevalence
from journeylab.voices.quotes import quotes
from journeylab.voices.saturation import Saturation, saturation
from journeylab.voices.scores import Score, Scores, ces, csat, nps, score_table, sus
from journeylab.voices.unitizing import UnitizingAgreement, unitizing_agreement
from journeylab.voices.units import usual_unit

__all__ = [
    "Agreement",
    "Gamma",
    "Prevalence",
    "Saturation",
    "Score",
    "Scores",
    "UnitizingAgreement",
    "agreement",
    "alpha",
    "ces",
    "csat",
    "gamma",
    "nps",
    "prevalence",
    "quotes",
    "saturation",
    "score_table",
    "sus",
    "unitizing_agreement",
    "usual_unit",
    "weak_codes",
]
