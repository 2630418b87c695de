"""Credit: published values, other programs' answers, enumeration by hand, and worlds where credit must not be believed."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import figures, impact, journeys
from journeylab.errors import JourneylabError
from journeylab.impact import attribution_markov, attribution_shapley
from journeylab.impact.attribution_paths import bootstrap, read_paths
from journeylab.results import Result

ORDERS = (1, 2, 3)


@pytest.fixture(scope="session")
def values(shared: Path) -> Path:
    return shared / "reference/values"


@pytest.fixture(scope="session")
def tiny(values: Path) -> pd.DataFrame:
    names = {"total_conversions": "conversions", "total_conversion_value": "value", "total_null": "nulls"}
    return pd.read_csv(values / "attribution/tiny_paths.csv").rename(columns=names)


def column(result: Result, name: str) -> dict[str, float]:
    return dict(zip(result.table["touchpoint"], result.table[name], strict=True))


def random_paths(seed: int, letters: str = "ABC", rows: int = 12, longest: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    paths = [tuple(rng.choice(list(letters), rng.integers(1, longest + 1))) for _ in range(rows)]
    counts = rng.integers(0, 9, (rows, 2))
    counts[0] = 1
    return pd.DataFrame({"path": paths, "conversions": counts[:, 0], "nulls": counts[:, 1]})


def chain_of(paths: pd.DataFrame, order: int) -> dict[tuple[str, ...], dict[object, float]]:
    """Chances of the next step after the last `order` touchpoints, counted one by one."""
    counts: dict[tuple[str, ...], dict[object, float]] = {}
    for path, conversions, nulls in zip(paths["path"], paths["conversions"], paths["nulls"], strict=True):
        for place in range(len(path) + 1):
            ways = counts.setdefault(tuple(path[max(place - order, 0) : place]), {})
            steps = {path[place]: conversions + nulls} if place < len(path) else {True: conversions, False: nulls}
            for step, n in steps.items():
                ways[step] = ways.get(step, 0.0) + n
    return {
        state: {step: n / sum(ways.values()) for step, n in ways.items()}
        for state, ways in counts.items()
        if sum(ways.values())
    }


def converts(chain: dict, order: int, removed: str | None) -> float:
    """Walk on step by step, all states at once, until nobody is left."""
    here: dict[tuple[str, ...], float] = {(): 1.0}
    total = 0.0
    while sum(here.values()) > 1e-14:
        ahead: dict[tuple[str, ...], float] = {}
        for state, chance in here.items():
            for step, share in chain[state].items():
                if step is True:
                    total += chance * share
                elif step is not False and step != removed:
                    after = (*state, step)[-order:]
                    ahead[after] = ahead.get(after, 0.0) + chance * share
        here = ahead
    return total


class TestMarkov:
    def test_published_removal_effects(self, values: Path) -> None:
        for example in json.loads((values / "markov_attribution.json").read_text())["examples"]:
            paths = pd.DataFrame(example["paths"], columns=["path", "conversions", "nulls"])
            found = impact.markov_attribution(paths, draws=0)
            expected = example["expected"]
            assert column(found, "removal_effect") == pytest.approx(expected["removal_effect"], abs=1e-9)
            assert column(found, "credit") == pytest.approx(expected["attributed"], abs=1e-9)

    @pytest.mark.parametrize("order", ORDERS)
    def test_exact_values_of_each_order(self, tiny: pd.DataFrame, values: Path, order: int) -> None:
        exact = json.loads((values / "attribution/exact_tiny_markov_removal.json").read_text())[f"order{order}"]
        found = impact.markov_attribution(tiny, order=order, draws=0)
        assert column(found, "removal_effect") == pytest.approx(exact["removal_effect"], abs=1e-12)
        assert column(found, "credit") == pytest.approx(exact["attributed_conversions"], abs=1e-10)

    @pytest.mark.parametrize("order", ORDERS)
    def test_a_simulating_program_differs_by_its_noise_only(self, tiny: pd.DataFrame, values: Path, order: int) -> None:
        """Its ten seeds differ by standard deviations up to 0.012, and it cuts long paths: 0.02; run long, 0.007."""
        simulated = json.loads((values / "attribution/ca_tiny_all.json").read_text())
        for nulls, name in ((True, "null"), (False, "nonull")):
            found = impact.markov_attribution(tiny, order=order, nulls=nulls, draws=0)
            theirs = pd.DataFrame(simulated[f"order{order}_{name}"]["removal_effects"]).set_index("channel_name")
            assert column(found, "removal_effect") == pytest.approx(
                theirs["removal_effects_conversion"].to_dict(), abs=0.02
            )
            assert column(found, "value_removal_effect") == pytest.approx(
                theirs["removal_effects_conversion_value"].to_dict(), abs=0.02
            )
            credit = pd.read_csv(values / f"attribution/ca_tiny_markov_order{order}_{name}.csv").set_index(
                "channel_name"
            )
            assert column(found, "credit") == pytest.approx(credit["total_conversions"].to_dict(), abs=0.6)
            assert column(found, "value_credit") == pytest.approx(credit["total_conversion_value"].to_dict(), abs=10)
        tight = simulated[f"order{order}_null_tight(nsim5e6,conv_par.001)"]["removal_effects"]
        expected = {row["channel_name"]: row["removal_effect"] for row in tight}
        found = impact.markov_attribution(tiny, order=order, draws=0)
        assert column(found, "removal_effect") == pytest.approx(expected, abs=0.008)

    def test_programs_that_solve_or_simulate_the_same_definition(self, tiny: pd.DataFrame, values: Path) -> None:
        mam = json.loads((values / "attribution/mam_tiny.json").read_text())
        pychattr = json.loads((values / "attribution/pychattr_tiny.json").read_text())["markov1_100k_sims"]
        do = json.loads((values / "attribution/do_tiny.json").read_text())
        found = impact.markov_attribution(tiny, draws=0)
        assert column(found, "removal_effect") == pytest.approx(mam["removal_effect_df"], abs=1e-9)
        simulated = dict(zip(pychattr["channel_name"], pychattr["removal_effect"], strict=True))
        assert column(found, "removal_effect") == pytest.approx(simulated, abs=0.005)
        worth = dict(zip(pychattr["channel_name"], pychattr["removal_effect_value"], strict=True))
        assert column(found, "value_removal_effect") == pytest.approx(worth, abs=0.005)
        for order in ORDERS:
            found = impact.markov_attribution(tiny, order=order, draws=0)
            assert column(found, "share") == pytest.approx(
                do[f"markov{order}_redirect_to_null"]["attribution"], abs=1e-9
            )

    @pytest.mark.parametrize("order", ORDERS)
    @pytest.mark.parametrize("seed", range(4))
    def test_every_way_walked_step_by_step(self, seed: int, order: int) -> None:
        paths = random_paths(seed, letters="ABCD", rows=20, longest=5)
        chain = chain_of(paths, order)
        whole = converts(chain, order, None)
        found = column(impact.markov_attribution(paths, order=order, draws=0), "removal_effect")
        expected = {name: 1 - converts(chain, order, name) / whole for name in found}
        assert found == pytest.approx(expected, abs=1e-10)

    def test_the_inverse_and_the_iteration_agree(self, monkeypatch: pytest.MonkeyPatch) -> None:
        paths = random_paths(7, letters="ABCDEF", rows=200, longest=8)
        for order in ORDERS:
            monkeypatch.setattr(attribution_markov, "DENSE", 10_000)
            direct = column(impact.markov_attribution(paths, order=order, draws=0), "removal_effect")
            monkeypatch.setattr(attribution_markov, "DENSE", 0)
            assert column(impact.markov_attribution(paths, order=order, draws=0), "removal_effect") == pytest.approx(
                direct, abs=1e-10
            )

    def test_repeats_matter_only_above_order_one(self) -> None:
        paths = random_paths(3, rows=30, longest=6)
        for order, same in ((1, True), (2, False)):
            kept = impact.markov_attribution(paths, order=order, draws=0)
            merged = impact.markov_attribution(paths, order=order, collapse_repeats=True, draws=0)
            alike = column(merged, "removal_effect") == pytest.approx(column(kept, "removal_effect"), abs=1e-12)
            assert alike is same

    def test_without_nulls_what_everybody_meets_is_needed_by_all(self) -> None:
        paths = pd.DataFrame({"path": ["A > B", "A", "A > C"], "conversions": [3, 2, 1], "nulls": [50, 60, 70]})
        found = column(impact.markov_attribution(paths, nulls=False, draws=0), "removal_effect")
        assert found["A"] == pytest.approx(1)
        assert found["B"] == pytest.approx(0.5)

    def test_intervals_hold_the_credit_of_the_whole_population(self) -> None:
        rng = np.random.default_rng(5)
        paths = [
            tuple(rng.choice(list("ABCDE"), size, p=[0.4, 0.3, 0.15, 0.1, 0.05])) for size in rng.geometric(0.4, 60)
        ]
        rate = rng.uniform(0.05, 0.6, len(paths))
        size = rng.dirichlet(np.ones(len(paths)))
        whole = pd.DataFrame({"path": paths, "conversions": size * rate, "nulls": size * (1 - rate)})
        truth = column(impact.markov_attribution(whole, draws=0), "share")
        held = []
        for seed in range(50):
            drawn = np.random.default_rng(seed).multinomial(600, np.concatenate([size * rate, size * (1 - rate)]))
            sample = whole.assign(conversions=drawn[:60], nulls=drawn[60:])
            table = impact.markov_attribution(sample, draws=100, seed=seed).table
            known = table["touchpoint"].map(truth)
            held.append((table["share_low"] <= known) & (known <= table["share_high"]))
        assert 0.90 <= np.mean(held) <= 0.99  # nominal 0.95

    def test_customers_with_many_journeys_are_drawn_whole(self) -> None:
        rng = np.random.default_rng(2)
        rows = []
        for customer in range(80):
            favourite, keen = rng.choice(["a", "b"]), rng.random() < 0.5
            for visit in range(8):
                rows.append((customer, visit, favourite))
                if keen:
                    rows.append((customer, visit, "order"))
        frame = pd.DataFrame(rows, columns=["customer_id", "visit", "touchpoint"])
        order = np.where(frame["touchpoint"] == "order", 1, 0)
        events = frame.assign(
            customer_id="c" + frame["customer_id"].astype(str),
            event_time=pd.Timestamp("2026-01-01", tz="UTC")
            + pd.to_timedelta(frame["visit"] * 24 * 60 + order, unit="min"),
        )
        visits = journeys.build(events, by="session", outcome="order")
        paths = read_paths(visits, outcome="order")
        by_customer = bootstrap(paths, lambda conversions, nulls: np.array([conversions.sum()]), 200, 0).std()
        alone = read_paths(journeys.path_table(visits, "order").table, outcome="order")
        by_visit = bootstrap(alone, lambda conversions, nulls: np.array([conversions.sum()]), 200, 0).std()
        assert by_customer > 2 * by_visit


class TestShapley:
    def test_hand_example(self, values: Path) -> None:
        example = json.loads((values / "shapley_attribution.json").read_text())
        worth = [example["v"]["".join(name for bit, name in enumerate("ABC") if mask >> bit & 1)] for mask in range(8)]
        found = dict(zip("ABC", impact.shapley_values(worth), strict=True))
        assert found == pytest.approx(example["expected"], abs=1e-12)

    def test_other_programs_where_they_mean_the_same(self, tiny: pd.DataFrame, values: Path) -> None:
        mta = json.loads((values / "attribution/mta_tiny.json").read_text())
        assert column(impact.shapley_attribution(tiny, draws=0), "share") == pytest.approx(mta["shapley"], abs=1e-6)
        do = json.loads((values / "attribution/do_tiny.json").read_text())["shapley"]["shapley_values"]
        worth = np.zeros(16)
        for path, conversions in zip(tiny["path"], tiny["conversions"], strict=True):
            worth[sum(1 << "ABCD".index(name) for name in set(path.split(" > ")))] += conversions
        assert dict(zip("ABCD", impact.shapley_values(worth), strict=True)) == pytest.approx(do, abs=1e-9)

    @pytest.mark.parametrize("worth", ["conversions", "rate"])
    @pytest.mark.parametrize("seed", range(3))
    def test_all_orders_gone_through(self, worth: str, seed: int) -> None:
        paths = random_paths(seed, letters="ABCD", rows=10)
        names = sorted({name for path in paths["path"] for name in path})

        def value(members: set[str]) -> float:
            inside = paths[[set(path) <= members for path in paths["path"]]]
            hits, everyone = inside["conversions"].sum(), inside[["conversions", "nulls"]].to_numpy().sum()
            return float(hits if worth == "conversions" else hits / everyone if everyone else 0)

        scale = 1 if worth == "conversions" else paths[["conversions", "nulls"]].to_numpy().sum()
        expected = dict.fromkeys(names, 0.0)
        for order in itertools.permutations(names):
            for place, name in enumerate(order):
                added = value({*order[: place + 1]}) - value({*order[:place]})
                expected[name] += added * scale / math.factorial(len(names))
        found = column(impact.shapley_attribution(paths, worth=worth, draws=0), "credit")
        assert found == pytest.approx(expected, abs=1e-9)
        assert sum(found.values()) == pytest.approx(paths["conversions"].sum())

    def test_drawn_orders_come_near_the_exact_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        paths = random_paths(3, letters="ABCDEFG", rows=60)
        exact = column(impact.shapley_attribution(paths, worth="rate", draws=0), "credit")
        monkeypatch.setattr(attribution_shapley, "MOST", 3)
        monkeypatch.setattr("journeylab.impact.attribution_credit.MOST", 3)
        table = impact.shapley_attribution(paths, worth="rate", permutations=800).table.set_index("touchpoint")
        far = (table["credit"] - pd.Series(exact)).abs() / table["sampling_se"]
        assert far.max() < 4
        assert table["ci_low"].isna().all()
        assert table["credit"].sum() == pytest.approx(paths["conversions"].sum())


class TestRules:
    def test_first_last_and_linear_as_another_program_has_them(self, tiny: pd.DataFrame, values: Path) -> None:
        expected = pd.read_csv(values / "attribution/ca_tiny_heuristics.csv").set_index("channel_name")
        mam = json.loads((values / "attribution/mam_tiny.json").read_text())
        for rule in ("first", "last", "linear"):
            found = column(impact.rule_attribution(tiny, rule, draws=0), "credit")
            assert found == pytest.approx(expected[f"{rule}_touch_conversions"].to_dict(), abs=1e-9)
        found = column(impact.rule_attribution(tiny, "position", draws=0), "credit")
        assert found == pytest.approx(mam["run_position_based"], abs=1e-9)

    def test_time_decay_halves_with_each_half_life(self) -> None:
        times = ["2026-01-01", "2026-01-08", "2026-01-15"]
        found = impact.rule_attribution(
            walk(["a", "b", "order"], times), "time_decay", half_life="7d", outcome="order", draws=0
        )
        assert column(found, "credit") == pytest.approx({"a": 1 / 3, "b": 2 / 3})

    @pytest.mark.parametrize("rule", ["first", "last", "linear", "position"])
    def test_every_conversion_is_shared_out_once(self, rule: str) -> None:
        paths = random_paths(4, rows=30, longest=6)
        assert impact.rule_attribution(paths, rule, draws=0).table["credit"].sum() == pytest.approx(
            paths["conversions"].sum()
        )


def walk(touchpoints: list[str], times: list[str], customer: str = "c") -> journeys.Journeys:
    stamps = pd.to_datetime(times, utc=True).as_unit("us")
    return journeys.build(pd.DataFrame({"customer_id": customer, "event_time": stamps, "touchpoint": touchpoints}))


class TestPaths:
    def test_what_follows_the_outcome_gets_no_credit(self) -> None:
        found = impact.markov_attribution(
            walk(["ad", "order", "delivered"], ["2026-01-01", "2026-01-02", "2026-01-03"]), outcome="order", draws=0
        )
        assert column(found, "credit") == {"ad": 1.0}

    def test_a_look_back_leaves_out_what_is_older(self) -> None:
        j = walk(["ad", "page", "order"], ["2026-01-01", "2026-02-01", "2026-02-02"])
        assert column(impact.markov_attribution(j, outcome="order", lookback="7d", draws=0), "credit") == {"page": 1.0}

    def test_conversions_without_a_touchpoint_are_counted_and_not_credited(self) -> None:
        events = pd.DataFrame(
            {
                "customer_id": ["a", "b", "b"],
                "event_time": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"], utc=True).as_unit("us"),
                "touchpoint": ["order", "ad", "order"],
            }
        )
        found = impact.shapley_attribution(journeys.build(events), outcome="order", draws=0)
        assert (found.conversions, found.untouched) == (1, 1)

    def test_journeys_and_their_table_of_paths_say_the_same(self) -> None:
        events = world(200, seed=1)
        j = journeys.build(events)
        table = journeys.path_table(j, "order").table
        for order in (1, 2):
            direct = impact.markov_attribution(j, outcome="order", order=order, draws=0)
            merged = impact.markov_attribution(table, outcome="order", order=order, draws=0)
            assert column(direct, "credit") == pytest.approx(column(merged, "credit"))

    def test_text_tuples_and_lists_are_the_same_paths(self, tiny: pd.DataFrame) -> None:
        split = [tuple(path.split(" > ")) for path in tiny["path"]]
        expected = column(impact.markov_attribution(tiny, draws=0), "credit")
        for paths in (split, [list(path) for path in split], tiny["path"].str.replace(" ", "")):
            assert column(impact.markov_attribution(tiny.assign(path=paths), draws=0), "credit") == pytest.approx(
                expected
            )

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"conversions": [1, -1]}, "row 2: found -1"),
            ({"nulls": ["x", 1]}, "row 1: found 'x'"),
            ({"path": [3, 4]}, "row 1: found 3"),
            ({"path": ["A", None]}, "row 2: found"),
            ({"path": [("A",), "B"]}, "row 2: found 'B'"),
            ({"conversions": [0, 0], "nulls": [0, 0]}, "nothing to credit"),
        ],
    )
    def test_mistakes_in_the_table_are_named(self, change: dict, words: str) -> None:
        paths = pd.DataFrame({"path": ["A", "B"], "conversions": [1, 2], "nulls": [3, 4]}).assign(**change)
        with pytest.raises(JourneylabError, match=words):
            impact.markov_attribution(paths)

    def test_other_mistakes_are_named(self, tiny: pd.DataFrame) -> None:
        j = walk(["ad", "order"], ["2026-01-01", "2026-01-02"])
        with pytest.raises(JourneylabError, match="no column 'conversions'"):
            impact.markov_attribution(tiny.rename(columns={"conversions": "conversion"}))
        with pytest.raises(JourneylabError, match="needs outcome"):
            impact.markov_attribution(j)
        with pytest.raises(JourneylabError, match="Did you mean 'order'"):
            impact.markov_attribution(j, outcome="ordre")
        with pytest.raises(JourneylabError, match="whole number from 1"):
            impact.markov_attribution(tiny, order=0)
        with pytest.raises(JourneylabError, match="needs the times"):
            impact.rule_attribution(tiny, "time_decay")
        with pytest.raises(JourneylabError, match="no span of time"):
            impact.markov_attribution(j, outcome="order", lookback="soon")
        with pytest.raises(JourneylabError, match="Did you mean 'linear'"):
            impact.rule_attribution(tiny, "liner")
        with pytest.raises(JourneylabError, match="no column 'estimate'"):
            impact.attribution(tiny, effects=pd.DataFrame({"touchpoint": ["A"]}))


class TestOrder:
    def test_the_order_that_made_the_journeys_is_found(self) -> None:
        rng = np.random.default_rng(0)
        for truth in (1, 2):
            table = rng.dirichlet(np.ones(5) * 0.7, (4, 4))  # next of a, b, c; 3: converts; 4: ends
            rows = []
            for _ in range(3000):
                path = [int(rng.integers(0, 3))]
                while True:
                    before = path[-2] if truth == 2 and len(path) > 1 else 3
                    step = int(rng.choice(5, p=0.8 * table[before, path[-1]] + 0.04))
                    if step > 2:
                        break
                    path.append(step)
                rows.append((tuple("abc"[place] for place in path), int(step == 3), int(step == 4)))
            found = impact.markov_order(pd.DataFrame(rows, columns=["path", "conversions", "nulls"]))
            assert found.order == found.held_out == truth
            assert f"order {truth} has the lowest BIC" in found.summary()


def world(n: int, *, seed: int) -> pd.DataFrame:
    """Keen customers meet a banner (no effect) and a pop-up (harms) more often, and order more often anyway."""
    rng = np.random.default_rng(seed)
    keen = rng.random(n) < 0.4
    start = rng.integers(0, 40, n)
    rows = []
    for customer in range(n):
        for visit in range(4):
            minute = 1440 * (int(start[customer]) + 3 * visit)
            met = rng.random(3) < (0.55 if keen[customer] and visit else 0.2)
            names = [
                "page",
                *(["page"] if keen[customer] else []),
                *itertools.compress(["banner", "pop-up", "advice"], met),
            ]
            rows += [(customer, minute + place, name) for place, name in enumerate(names)]
            chance = 0.08 + (0.2 if keen[customer] and visit else 0) - 0.07 * met[1] + 0.12 * met[2]
            if rng.random() < chance:
                rows.append((customer, minute + 20, "order"))
                break
    rows.append((n, 1440 * 90, "page"))
    frame = pd.DataFrame(rows, columns=["customer_id", "minute", "touchpoint"])
    times = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(frame["minute"], unit="min")
    return frame.assign(customer_id="c" + frame["customer_id"].astype(str), event_time=times).drop(columns="minute")


class TestSideBySide:
    def test_credit_goes_to_the_useless_and_the_harmful_and_effects_tell_them_apart(self) -> None:
        credited, found = [], []
        for seed in range(5):
            events = world(1200, seed=seed)
            effects = impact.touchpoint_effects(
                events, outcome="order", window="1d", exposures=["banner", "pop-up", "advice"]
            )
            both = impact.attribution(journeys.build(events), outcome="order", effects=effects, draws=40, seed=seed)
            table = both.table.set_index("touchpoint")
            credited.append((table.loc[["banner", "pop-up"], "markov_low"] > 0).all())
            found.append(effects.table.set_index("touchpoint")["ci_low"].drop("advice") > 0)
            assert "though it harms" not in table.loc["advice", "reading"]
        assert all(credited)
        assert np.mean(found) <= 0.15

    def test_disagreement_is_said(self) -> None:
        events = world(3000, seed=1)
        effects = impact.touchpoint_effects(
            events, outcome="order", window="1d", exposures=["banner", "pop-up", "advice"]
        )
        both = impact.attribution(journeys.build(events), outcome="order", effects=effects, draws=40)
        assert both.table.set_index("touchpoint").loc["pop-up", "reading"] == "credit, though it harms"
        assert "Though measured to harm, 'pop-up' gets" in both.summary()
        row = both.table.set_index("touchpoint").loc["pop-up"]
        assert row["added"] == pytest.approx(row["effect"] * row["n_exposed"])
        assert both.table.set_index("touchpoint").loc["page", "reading"] == "effect not known"

    def test_all_rules_stand_beside_each_other_and_sum_to_the_conversions(self, tiny: pd.DataFrame) -> None:
        both = impact.attribution(tiny, draws=50)
        assert both.rules == ["first", "last", "linear", "position", "shapley", "markov"]
        for rule in both.rules:
            assert both.table[rule].sum() == pytest.approx(73)
            alone = impact.markov_attribution(tiny, draws=0) if rule == "markov" else (
                impact.shapley_attribution(tiny, draws=0) if rule == "shapley" else impact.rule_attribution(tiny, rule, draws=0)
            )  # fmt: skip
            assert dict(zip(both.table["touchpoint"], both.table[rule], strict=True)) == pytest.approx(
                column(alone, "credit")
            )
        assert both.table["time_decay"].isna().all()
        assert "left out" in " ".join(both.assumptions)
        assert set(both.credits["rule"]) == set(both.rules)
        assert (
            (both.credits["ci_low"] <= both.credits["credit"]) & (both.credits["credit"] <= both.credits["ci_high"])
        ).all()

    def test_rank_correlation_is_that_of_scipy(self) -> None:
        from scipy.stats import spearmanr

        paths = random_paths(11, letters="ABCDEF", rows=40)
        rng = np.random.default_rng(0)
        effects = pd.DataFrame({"touchpoint": list("ABCDEF"), "estimate": rng.normal(size=6)}).assign(
            ci_low=-9.0, ci_high=9.0
        )
        both = impact.attribution(paths, effects=effects, draws=0)
        expected = spearmanr(both.table["markov"], both.table["effect"]).statistic
        assert both.agreement.set_index("rule").loc["Markov removal", "rank_correlation"] == pytest.approx(expected)

    def test_the_same_seed_gives_the_same_numbers(self, tiny: pd.DataFrame) -> None:
        pd.testing.assert_frame_equal(
            impact.attribution(tiny, draws=20, seed=3).table, impact.attribution(tiny, draws=20, seed=3).table
        )

    def test_results_are_named_credit_and_can_be_shown(self, tiny: pd.DataFrame) -> None:
        results = [
            impact.markov_attribution(tiny, draws=20),
            impact.shapley_attribution(tiny, draws=20),
            impact.rule_attribution(tiny, draws=20),
        ]
        for result in (*results, impact.attribution(tiny, draws=20)):
            assert "credit, not effect" in result.summary()
            assert any("credit, not effect" in line.lower() for line in result.assumptions)
            assert "credit" in figures.alt_text(result.plot()).lower()
            assert (result.table["grade"] == "D").all()
            assert json.loads(result.to_json())["table"]
        for result in results:
            assert not [name for name in result.table if "effect" in name and "removal" not in name]

    def test_nobody_converted(self) -> None:
        paths = pd.DataFrame({"path": ["A > B"], "conversions": [0], "nulls": [9]})
        found = impact.attribution(paths, draws=10)
        assert (found.table["markov"] == 0).all()
        assert "nothing to credit" in found.summary()
        found.plot()
