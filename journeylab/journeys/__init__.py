"""Events to journeys, and what journeys look like."""

from __future__ import annotations

from journeylab.journeys.model import Journeys

__all__ = ["Journeys"]
