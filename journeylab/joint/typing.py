"""Which behaviour does each interviewed person stand for: by their own trace, by what they answered, or not known?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from journeylab import figures, text
from journeylab.intervals import wilson
from journeylab.joint.crosswalk import all_linked_events, interviewed
from journeylab.results import Result
from journeylab.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.behaviours import Behaviours

MARGIN = 0.5
"""Who is less than this more probable in one behaviour than in the next is left untyped."""

FOLDS, MOST_TRAINED, FEWEST_TRAINED, FEWEST_EACH = 5, 20_000, 50, 10

COLUMNS = ["participant_id", "behaviour", "how", "probability", "second", "margin", "reason"]


@dataclasses.dataclass(frozen=True)
class Typing(Result):
    """Interviewed people placed in behaviours.

    Attributes
    ----------
    table : DataFrame
        participant_id, behaviour (missing where not typed), how (``trace``, ``screener`` or ``not typed``), probability (of
        the best behaviour), second (the next one), margin (between the two), reason (why not typed).
    counts : DataFrame
        behaviour, customers, interviewed, by_trace, by_screener; a behaviour without an interview is a hole.
    accuracy, accuracy_low, accuracy_high : float
        Share of held-out customers whose behaviour the screener tells, with Wilson interval; NaN without a classifier.
    baseline : float
        That of always naming the largest behaviour.
    n_trained : int
        Customers with screener answers, who were not interviewed.
    kept, kept_accuracy : float
        Share of held-out customers whose margin is large enough, and the accuracy among them.
    screener : str
        What the classifier is, or why there is none.
    """

    counts: pd.DataFrame
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    baseline: float
    n_trained: int
    kept: float
    kept_accuracy: float
    screener: str

    @property
    def holes(self) -> list[str]:
        """Behaviours of which nobody was interviewed."""
        return list(self.counts.loc[self.counts["interviewed"] == 0, "behaviour"])

    @property
    def of(self) -> pd.Series:
        """Behaviour of each typed person: index participant_id."""
        return self.table.dropna(subset=["behaviour"]).set_index("participant_id")["behaviour"]

    def summary(self) -> str:
        """Say how many people are typed and how, which behaviours have no interview, and what the screener is worth."""
        if self.table.empty:
            return "Nobody was interviewed, so nobody is typed."
        if len(self.counts) < 2:
            return "There is a single behaviour, so nobody needs to be placed."
        how = self.table["how"].value_counts()
        parts = [
            f"Of {text.count(len(self.table))} people interviewed, {text.count(how.get('trace', 0))} are typed by their own trace, "
            f"{text.count(how.get('screener', 0))} by their screener answers, {text.count(how.get('not typed', 0))} not."
        ]
        holes = self.holes
        parts.append(
            f"Holes, behaviours without an interview: {text.sentence_list(holes)}."
            if holes
            else "Every behaviour has an interview."
        )
        if not np.isnan(self.accuracy):
            parts.append(
                f"The screener tells the behaviour of {text.percent(self.accuracy)} of {text.count(self.n_trained)} "
                "customers held out "
                f"in turn ({text.interval(self.accuracy_low, self.accuracy_high)}; naming the largest: "
                f"{text.percent(self.baseline)}); {text.percent(self.kept)} of them are clear enough to be typed, of whom "
                f"{text.percent(self.kept_accuracy)} rightly."
            )
        return " ".join(parts)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many people of each behaviour were interviewed, beside its share of customers."""
        frame = self.counts.iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.5))
        rows = np.arange(len(frame))
        customers = 100 * frame["customers"] / max(frame["customers"].sum(), 1)
        typed = 100 * frame["interviewed"] / max(frame["interviewed"].sum(), 1)
        ax.barh(rows + 0.2, customers, height=0.36, color=figures.BLUE)
        ax.barh(rows - 0.2, typed, height=0.36, color=figures.ORANGE, hatch="//", edgecolor="white")
        for row, line in frame.iterrows():
            words = (
                f"{text.count(line['interviewed'])} interviewed" if line["interviewed"] else "hole: nobody interviewed"
            )
            ax.text(
                customers[row] + 0.6,
                float(row) + 0.2,
                f"{text.count(line['customers'])} customers",
                va="center",
                fontsize=9.5,
            )
            ax.text(typed[row] + 0.6, float(row) - 0.2, words, va="center", fontsize=9.5)
        ax.set_yticks(rows, frame["behaviour"])
        ax.set_xlim(0, 1.3 * max(customers.max(), typed.max(), 1))
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel("share of customers (full) and of typed people (hatched)")
        ax.grid(axis="y", visible=False)
        figures.subtitle(ax, "Which behaviours were interviewed", f"{int(frame['interviewed'].sum())} people typed")
        draws = figures.drawn(self.counts, "behaviour", {}, unit="number", also=["customers", "interviewed"])
        return figures.describe(ax, f"Bar chart of customers and interviews by behaviour. {self.summary()}", draws)


def type_people(study: Study, behaviours: Behaviours, *, margin: float = MARGIN, seed: int = 0) -> Typing:
    """Place each interviewed person in a behaviour.

    Parameters
    ----------
    study : Study
    behaviours : Behaviours
        Found on customers, see `journeylab.behaviours.find`.
    margin : float
        The least difference between the two most probable behaviours.
    seed : int
        Of the folds, and of the sample where more than 20,000 customers answered.

    Notes
    -----
    First the person's own trace: the posterior of the behaviours, over all ids of the person (their product over the
    shares of the behaviours, as of independent parts of one journey). An id with events outside of its link's validity is
    not used, since the posterior is of all its events. Else the screener: a logistic regression of behaviour on the answers
    of customers who were not interviewed, each customer's accuracy from a fit without them (five folds). It types nobody where
    its accuracy is not clearly above that of naming the largest behaviour.
    """
    everybody = interviewed(study)
    rows = {person: _by_trace(person, found, margin) for person, found in _traces(study, behaviours).items()}
    model = _train(study, behaviours, margin, seed)
    for person in everybody:
        if person in rows and rows[person]["how"] == "trace":
            continue
        line = rows.get(person) or _untyped(person, "no link to a trace of the behaviours")
        rows[person] = _by_screener(line, model, margin)
    table = pd.DataFrame([rows[person] for person in everybody], columns=COLUMNS)
    counts = behaviours.table[["behaviour"]].assign(customers=behaviours.table["n"])
    for name, part in (("interviewed", table), ("by_trace", table[table["how"] == "trace"])):
        counts[name] = counts["behaviour"].map(part["behaviour"].value_counts()).fillna(0).astype(int)
    counts["by_screener"] = counts["interviewed"] - counts["by_trace"]
    return Typing(
        table,
        "Interviewed people by the posterior of their trace, else by a classifier on screener answers",
        (
            f"Whoever is less than {text.short(margin)} more probable in one behaviour than in the next is not typed.",
            "Who was interviewed was chosen: the number of interviews says nothing of how frequent a behaviour is.",
            text.sentence(model.note) + ".",
        ),
        counts,
        model.accuracy,
        model.low,
        model.high,
        model.baseline,
        model.n,
        model.kept,
        model.kept_accuracy,
        model.note,
    )


def _row(person: str, chances: pd.Series, how: str, margin: float) -> dict[str, Any]:
    """One line of the table from the probabilities of the behaviours."""
    ordered = chances.sort_values(ascending=False, kind="stable")
    best = float(ordered.iloc[0])
    second, gap = (str(ordered.index[1]), best - float(ordered.iloc[1])) if len(ordered) > 1 else ("", best)
    line = {"participant_id": person, "behaviour": str(ordered.index[0]), "how": how, "probability": best, "second": second,
            "margin": gap, "reason": ""}  # fmt: skip
    if gap < margin:
        line |= {"behaviour": None, "how": "not typed",
                 "reason": f"by {how}, between {ordered.index[0]} and {second} (margin {text.fixed(gap, 2)})"}  # fmt: skip
    return line


def _traces(study: Study, behaviours: Behaviours) -> dict[str, pd.Series | str]:
    """Of each linked person the probabilities of the behaviours, or why there are none."""
    links, posterior = study.links, behaviours.posterior
    if links is None or links.empty or study.events is None:
        return {}
    events = all_linked_events(study)
    whole = events.groupby(["participant_id", "customer_id"])["inside"].all()
    shares = np.log(np.clip(posterior.mean().to_numpy(float), 1e-12, None))
    found: dict[str, pd.Series | str] = {}
    for person, ids in links.groupby("participant_id")["customer_id"]:
        there = [name for name in dict.fromkeys(ids) if name in posterior.index]
        sound = [name for name in there if whole.get((person, name), False)]
        if not sound:
            found[person] = (
                "the trace reaches outside of the link's validity" if there else "no events under the linked id"
            )
            continue
        logs = np.log(np.clip(posterior.loc[sound].to_numpy(float), 1e-12, None))
        joint = logs.sum(axis=0) - (len(sound) - 1) * shares
        chances = np.exp(joint - joint.max())
        found[person] = pd.Series(chances / chances.sum(), index=posterior.columns)
    return found


def _by_trace(person: str, found: pd.Series | str, margin: float) -> dict[str, Any]:
    return _untyped(person, found) if isinstance(found, str) else _row(person, found, "trace", margin)


def _untyped(person: str, reason: str) -> dict[str, Any]:
    return {"participant_id": person, "behaviour": None, "how": "not typed", "probability": np.nan, "second": "",
            "margin": np.nan, "reason": reason}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Classifier:
    """What the screener is worth, and the probabilities it gives to interviewed people."""

    note: str
    chances: pd.DataFrame | None = None
    accuracy: float = np.nan
    low: float = np.nan
    high: float = np.nan
    baseline: float = np.nan
    n: int = 0
    kept: float = np.nan
    kept_accuracy: float = np.nan


def _by_screener(line: dict[str, Any], model: _Classifier, margin: float) -> dict[str, Any]:
    """What the screener says of a person whom the trace did not type."""
    person = line["participant_id"]
    if model.chances is None:
        return line
    if person not in model.chances.index:
        return {**line, "reason": f"{line['reason']}; no screener answers"}
    told = _row(person, model.chances.loc[person], "screener", margin)
    return told if told["how"] == "screener" else {**told, "reason": f"{line['reason']}; {told['reason']}"}


def _train(study: Study, behaviours: Behaviours, margin: float, seed: int) -> _Classifier:
    """Fit behaviours on the screener answers of customers who were not interviewed."""
    answers = study.screener
    if answers is None:
        return _Classifier("there is no [screener], so only people with a trace can be typed")
    people = set(interviewed(study))
    linked = set() if study.crosswalk is None else set(study.crosswalk["customer_id"].dropna())
    features = answers.set_index("respondent_id").drop(columns="recontact", errors="ignore")
    usable = [name for name in features if not types.is_datetime64_any_dtype(features[name].dtype)]
    features = features[usable]
    trained = features[features.index.isin(behaviours.labels.index) & ~features.index.isin(linked | people)]
    if len(trained) > MOST_TRAINED:
        trained = trained.sample(MOST_TRAINED, random_state=seed)
    labels = behaviours.labels.reindex(trained.index).astype(str).to_numpy()
    names, sizes = np.unique(labels, return_counts=True)
    if len(names) < 2 or len(trained) < FEWEST_TRAINED or sizes.min() < FEWEST_EACH or not usable:
        return _Classifier(
            f"the screener cannot be used: it needs at least {FEWEST_TRAINED} customers who were not interviewed, and "
            f"{FEWEST_EACH} of each of two or more behaviours; it has {text.count(len(trained))} of {len(names)}",
            n=len(trained),
        )
    held_out = _held_out(trained, labels, names, seed)
    right = names[held_out.argmax(axis=1)] == labels
    ordered = np.sort(held_out, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] >= margin
    accuracy, low, high = wilson(int(right.sum()), len(right))
    baseline = float(sizes.max() / sizes.sum())
    worth = {"accuracy": accuracy, "low": low, "high": high, "baseline": baseline, "n": len(right),
             "kept": float(clear.mean()), "kept_accuracy": float(right[clear].mean()) if clear.any() else np.nan}  # fmt: skip
    if low <= baseline:
        note = "the screener tells behaviours no better than naming the largest one, so it types nobody"
        return _Classifier(note, **worth)
    asked = features[features.index.isin(people)]
    chances = None
    if len(asked):
        told = _pipeline(trained).fit(trained, labels).predict_proba(asked)
        chances = pd.DataFrame(told, index=asked.index, columns=names)
    note = f"logistic regression on {len(usable)} screener answers, accuracy from {FOLDS} folds"
    return _Classifier(note, chances, **worth)


def _held_out(features: pd.DataFrame, labels: np.ndarray, names: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities of each customer from a fit without them, shape (n, behaviours)."""
    from sklearn.model_selection import StratifiedKFold

    chances = np.zeros((len(features), len(names)))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, labels):
        chances[test] = _pipeline(features).fit(features.iloc[train], labels[train]).predict_proba(features.iloc[test])
    return chances


def _pipeline(features: pd.DataFrame) -> Any:
    """Words as indicators, numbers standardised, gaps as the median or a level of their own."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    numbers = [name for name in features if types.is_numeric_dtype(features[name].dtype)]
    words = [name for name in features if name not in numbers]
    return make_pipeline(
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
                ("words", make_pipeline(FunctionTransformer(_as_words), OneHotEncoder(handle_unknown="ignore")), words),
            ]
        ),
        LogisticRegression(max_iter=1000),
    )


def _as_words(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("object").where(frame.notna(), "no answer").astype(str)
