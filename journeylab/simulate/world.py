"""The simulated shop: its touchpoints, its four behaviours, and the probabilities that move its customers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

START = np.datetime64("2025-01-01", "s")
DAYS = 365
TIMEZONE = "Europe/Berlin"
WINDOW_DAYS = 14
"""The impact window: an order counts when it comes within so many days of the visit's start."""

BEHAVIOURS = ("decided searcher", "researcher", "store shopper", "deal hunter")
BEHAVIOUR_SHARES = np.array([0.27, 0.30, 0.21, 0.22])

TESTED = (
    "store visit",
    "3D configurator",
    "chat",
    "comparison page",
    "registration form",
    "survey pop-up",
    "call centre",
)
"""Touchpoints that change the chance of an order; the rest of the tested ones change nothing."""

NULLS = ("search ad", "social ad", "e-mail newsletter", "VR showroom", "store locator")

EFFECT_NOW = np.array([0.060, 0.052, 0.052, 0.046, -0.034, -0.040, -0.046])
"""Change of the probability of an order at the visit itself."""

EFFECT_LATER = np.array([0.012, 0.010, 0.010, 0.010, -0.012, -0.012, -0.012])
"""Change at each later visit within `WINDOW_DAYS` of the exposure."""

ENTRIES = ("search ad", "social ad", "e-mail newsletter", "home page")

# Rows are behaviours in the order of BEHAVIOURS throughout.
ENTRY_SHARE = np.array(
    [
        [0.78, 0.05, 0.05, 0.12],
        [0.32, 0.07, 0.09, 0.52],
        [0.08, 0.05, 0.10, 0.77],
        [0.05, 0.42, 0.48, 0.05],
    ]
)
EXPOSURE_SHARE = np.array(
    [
        [0.05, 0.07, 0.08, 0.06, 0.20, 0.10, 0.08],
        [0.05, 0.30, 0.14, 0.38, 0.09, 0.12, 0.08],
        [0.45, 0.06, 0.06, 0.06, 0.06, 0.06, 0.15],
        [0.05, 0.06, 0.08, 0.07, 0.17, 0.18, 0.06],
    ]
)
VR_SHARE = np.array([0.06, 0.16, 0.08, 0.06])
LOCATOR_SHARE = np.array([0.04, 0.05, 0.55, 0.04])
HOME_SHARE = np.array([0.05, 0.30, 0.40, 0.04])
SEARCH_SHARE = np.array([0.65, 0.08, 0.03, 0.04])
REVIEWS_SHARE = np.array([0.05, 0.72, 0.04, 0.06])
OFFERS_SHARE = np.array([0.03, 0.05, 0.06, 0.82])
PRODUCT_MEAN = np.array([1.1, 1.9, 0.30, 0.6])
COMPARE_AGAIN = 0.45
CART_SHARE = np.array([0.45, 0.06, 0.05, 0.62])
ABANDONED_CHECKOUT = np.array([0.35, 0.20, 0.20, 0.12])
BACK_TO_PRODUCT = np.array([0.25, 0.40, 0.30, 0.40])
CONTINUE_SHARE = np.array([0.70, 0.77, 0.73, 0.75])
GAP_DAYS = np.array([5.5, 6.0, 6.5, 6.5])
BASE_ORDER = np.array([0.066, 0.057, 0.060, 0.064])

# How observed things shift the log-odds of an exposure; columns are TESTED.
ON_MOBILE = np.array([0.1, -0.6, 0.2, -0.3, 0.2, 0.4, 0.0])
ON_MEMBER = np.array([0.4, 0.2, 0.1, 0.1, -0.9, -0.2, 0.2])
ON_CITY = np.array([0.5, 0.0, 0.0, 0.0, 0.0, 0.0, -0.2])
ON_CART = np.array([0.3, 0.2, 0.6, 0.2, 0.7, 0.2, 0.8])
ON_FIRST = np.array([-0.5, -0.2, -0.5, -0.2, -0.4, 0.2, -0.6])
ON_PRODUCTS = np.array([0.1, 0.3, 0.2, 0.3, 0.1, 0.0, 0.1])
ON_RECENT = np.array([0.2, 0.1, 0.3, 0.1, 0.2, 0.0, 0.3])
CALL_AFTER_REGISTRATION = 0.7
EXPOSED_BEFORE = -0.4
"""Whoever met a touchpoint meets it again a little less often."""

LAPSE_AFTER_REGISTRATION = 0.5
MAX_VISITS = 16

ACQUISITION = ("brand search", "generic search", "store flyer", "social media")
ACQUISITION_NOISE = 0.03
REGIONS = ("city", "suburb", "country")
AGE_BANDS = ("18-29", "30-44", "45-59", "60+")

BANNER = "free returns banner"
BANNER_FROM, BANNER_TO = 45, 315
BANNER_DAYS = 30
BANNER_EFFECT = 0.013
CHECKOUT = "one-page checkout"
CHECKOUT_FROM, CHECKOUT_TO = 120, 300
CHECKOUT_LOST = 0.08

CHANGE_DAY = 181
"""2025-07-01: the delivery tracking mail starts."""
CALL_RATE = {"on time": 0.22, "late": 0.62}
CALL_RATIO = 0.65
LATE_SHARE = 0.18
RETURN_SHARE = {"on time": 0.10, "late": 0.18}
REVIEW_SHARE = 0.18
RETURNING = {"on time": 0.42, "late": 0.25}


def logit(share: Floats) -> Floats:
    """Log-odds of a share."""
    return np.log(share / (1.0 - share))


def expit(value: Floats) -> Floats:
    """Share of log-odds."""
    return 1.0 / (1.0 + np.exp(-value))
