"""Where words and behaviour meet."""

from journeylab.joint.by_behaviour import ByBehaviour, codes_by_behaviour
from journeylab.joint.crosswalk import all_linked_events, interview_times, interviewed, linked_events
from journeylab.joint.did import trouble_by_stage
from journeylab.joint.display import JointDisplay, display
from journeylab.joint.experience import Experience, contrasts, experience
from journeylab.joint.gramms import Gramms, gramms
from journeylab.joint.hypotheses import HypothesisTests, test_hypotheses, test_hypothesis
from journeylab.joint.linkage import Linkage, linkage
from journeylab.joint.next_round import NextInterviews, next_interviews
from journeylab.joint.persons import Measures, PersonLevel, person_level, person_measures
from journeylab.joint.said import doubtful, mean_valence, mentions, voices_by
from journeylab.joint.timeline import Timeline, choose_cases, timeline
from journeylab.joint.typing import Typing, type_people

__all__ = [
    "ByBehaviour",
    "Experience",
    "Gramms",
    "HypothesisTests",
    "JointDisplay",
    "Linkage",
    "Measures",
    "NextInterviews",
    "PersonLevel",
    "Timeline",
    "Typing",
    "all_linked_events",
    "choose_cases",
    "codes_by_behaviour",
    "contrasts",
    "display",
    "doubtful",
    "experience",
    "gramms",
    "interview_times",
    "interviewed",
    "linkage",
    "linked_events",
    "mean_valence",
    "mentions",
    "next_interviews",
    "person_level",
    "person_measures",
    "test_hypotheses",
    "test_hypothesis",
    "timeline",
    "trouble_by_stage",
    "type_people",
    "voices_by",
]
