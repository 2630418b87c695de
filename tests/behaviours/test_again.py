"""Behaviours are known again: new customers are placed, runs are compared, names and labels stay."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pandas as pd
import pytest
from test_find import BACK, ROUND, STAY, chains

from journeylab import behaviours, figures, journeys, results
from journeylab.behaviours.change import distances
from journeylab.behaviours.naming import settle
from journeylab.errors import DataError


def one_customer() -> journeys.Journeys:
    return chains([1], [ROUND], seed=0)[0]


def one_touchpoint() -> journeys.Journeys:
    times = pd.date_range("2026-03-01", periods=6, tz="UTC").as_unit("us")
    return journeys.build(pd.DataFrame({"customer_id": list("aabbcc"), "event_time": times, "touchpoint": "home"}))


def all_equal() -> journeys.Journeys:
    times = pd.to_datetime(["2026-03-01"] * 8, utc=True).as_unit("us") + pd.to_timedelta(range(8), unit="min")
    return journeys.build(
        pd.DataFrame(
            {"customer_id": np.repeat(list("abcd"), 2), "event_time": times, "touchpoint": ["home", "page"] * 4}
        )
    )


def nobody() -> journeys.Journeys:
    return journeys.build(
        pd.DataFrame(
            {"customer_id": pd.Series(dtype=str), "event_time": pd.Series(dtype="datetime64[us, UTC]"),
             "touchpoint": pd.Series(dtype=str)}
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def three() -> tuple[journeys.Journeys, behaviours.Behaviours, behaviours.Chains]:
    j, _ = chains([200, 150, 100], [ROUND, BACK, STAY], seed=1)
    found = behaviours.find(j, k=3, seed=0)
    return j, found, behaviours.model(found, j)


def test_the_stored_model_places_its_own_customers_as_they_were_found(three) -> None:
    j, found, stored = three
    placed = behaviours.assign(stored, j)
    assert (placed.labels == found.labels).mean() > 0.99
    assert placed.posterior.to_numpy() == pytest.approx(found.posterior.to_numpy(), abs=0.05)
    assert placed.unseen == 0


def test_new_customers_are_placed_in_their_planted_behaviour(three) -> None:
    _, _, stored = three
    fresh, truth = chains([60, 60, 60], [ROUND, BACK, STAY], seed=9)
    placed = behaviours.assign(stored, fresh)
    assert len({tuple(placed.labels[truth == kind].mode()) for kind in range(3)}) == 3
    right = sum(placed.labels[truth == kind].value_counts().iloc[0] for kind in range(3))
    assert right / 180 > 0.95
    assert placed.table["n"].sum() == 180


def test_a_model_survives_its_file(three, tmp_path) -> None:
    j, _, stored = three
    stored.save(tmp_path / "model.json")
    again = behaviours.load(tmp_path / "model.json")
    assert again.as_dict() == stored.as_dict()
    pd.testing.assert_series_equal(behaviours.assign(again, j).labels, behaviours.assign(stored, j).labels)
    assert not set(map(str, j.ids)) & set((tmp_path / "model.json").read_text().split('"'))


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is no JSON"), ("[]", "no stored model"), ('{"format": "x"}', "'x'"),
     ('{"format": "journeylab.behaviours/1"}', "damaged")],
)  # fmt: skip
def test_a_broken_model_says_what_is_wrong(tmp_path, content, message) -> None:
    file = tmp_path / "model.json"
    file.write_text(content)
    with pytest.raises(DataError, match=message):
        behaviours.load(file)
    with pytest.raises(DataError, match="no such file"):
        behaviours.load(tmp_path / "none.json")


def test_steps_that_the_model_never_saw_are_left_out_and_told(three) -> None:
    _, _, stored = three
    times = pd.date_range("2026-03-01", periods=4, tz="UTC").as_unit("us")
    strange = journeys.build(pd.DataFrame({"customer_id": list("aabb"), "event_time": times, "touchpoint": "fax"}))
    placed = behaviours.assign(stored, strange)
    assert placed.unseen == 1
    assert placed.unclear == 2
    assert placed.posterior.iloc[0].to_numpy() == pytest.approx(np.exp(stored.log_shares))


def test_the_distance_of_chains_is_that_of_slow_python(three) -> None:
    _, _, stored = three

    def slow(a: int, b: int) -> float:
        total, weight = 0.0, 0.0
        sums = stored.expected.sum(axis=0)
        for origin in {step[0] for step in stored.steps}:
            rows = [number for number, step in enumerate(stored.steps) if step[0] == origin]
            p, q = stored.expected[rows, a], stored.expected[rows, b]
            use = (p.sum() / sums[a] + q.sum() / sums[b]) / 2
            p, q = p / p.sum(), q / q.sum()
            middle = (p + q) / 2
            parts = [x * np.log2(x / m) for side in (p, q) for x, m in zip(side, middle, strict=True) if x > 0]
            total, weight = total + use * sum(parts) / 2, weight + use
        return float(np.sqrt(total / weight))

    away = distances(stored, stored)
    assert away == pytest.approx(np.array([[slow(a, b) for b in range(3)] for a in range(3)]), abs=1e-9)
    assert np.diag(away) == pytest.approx(0, abs=1e-9)


def test_what_grew_shrank_appeared_and_dissolved() -> None:
    old, _ = chains([300, 100], [ROUND, BACK], seed=1)
    new, _ = chains([100, 300, 100], [ROUND, BACK, STAY], seed=2)
    then = behaviours.model(behaviours.find(old, k=2), old)
    now = behaviours.model(behaviours.find(new, k=3), new)
    change = behaviours.compare(then, now)
    assert sorted(change.table["change"]) == ["appeared", "grew", "shrank"]
    grew = change.table.set_index("change").loc["grew"]
    assert grew["ci_low"] < 0.6 - 0.25 < grew["ci_high"]
    back = behaviours.compare(now, then)
    assert sorted(back.table["change"]) == ["dissolved", "grew", "shrank"]
    assert len(figures.alt_text(change.plot())) > 20
    assert set(behaviours.compare(now, now).table["change"]) == {"no clear change"}


def test_labels_and_names_stay_when_sizes_change() -> None:
    old, _ = chains([300, 100], [ROUND, BACK], seed=1)
    new, truth = chains([100, 300, 50], [ROUND, BACK, STAY], seed=2)
    before = behaviours.find(old, k=2)
    last = dataclasses.replace(behaviours.model(before, old, names={"B1": "round", "B2": "back"}), retired=("B3",))
    found = behaviours.find(new, k=3)
    kept = behaviours.keep_labels(found, new, last)
    assert kept.table["behaviour"].tolist() == ["B2", "B1", "B4"]
    assert kept.table["n"].tolist() == found.table["n"].tolist()
    assert kept.labels[truth == 0].mode()[0] == "B1"
    portraits = behaviours.portraits(kept, new, last_names=last.names_of, names={"B2": "backwards"})
    assert portraits.names["B1"] == "round"
    assert portraits.names["B2"] == "backwards"
    assert behaviours.keep_labels(found, new, None) is found


def test_a_run_reads_the_last_run_s_model(three, tmp_path, monkeypatch) -> None:
    _, _, stored = three
    monkeypatch.setenv(results.FOLDER, str(tmp_path))
    monkeypatch.setenv(results.LAST, str(tmp_path))
    assert behaviours.last_run() is None
    results.save(behaviours.SAVED, stored.as_dict())
    assert behaviours.last_run().as_dict() == stored.as_dict()
    (tmp_path / f"{behaviours.SAVED}.json").write_text(json.dumps({"format": "older"}))
    assert behaviours.last_run() is None


def test_the_team_names_by_touchpoints_too() -> None:
    j, _ = chains([200, 150], [ROUND, STAY], seed=1)
    frame = pd.DataFrame({"customer_id": np.repeat(j.ids, j.lengths), "touchpoint": np.array(j.touchpoints)[j.codes]})
    frame["event_time"] = j.times
    frame["event_time"] = frame["event_time"].dt.tz_localize("UTC")
    found = behaviours.find(j, k=2)
    shown = behaviours.portraits(found, j).distinctive
    best = shown[shown["q_value"] < 0.01].sort_values("difference").iloc[-1]
    portraits = behaviours.portraits(found, j, names={best["touchpoint"]: "ours", "fax": "theirs"})
    assert portraits.names[best["behaviour"]] == "ours"
    assert "fax" in portraits.unnamed[0]


def test_steps_of_a_behaviour_are_counted_in_customers(three) -> None:
    j, found, _ = three
    portraits = behaviours.portraits(found, j)
    row = portraits.steps.sort_values("difference").iloc[-1]
    members = np.flatnonzero((found.labels == row["behaviour"]).to_numpy())
    took = [
        (row["from_touchpoint"], row["to_touchpoint"]) in set(zip(j.path(i), j.path(i)[1:], strict=False))
        for i in members
    ]
    assert row["share_in"] == pytest.approx(np.mean(took))
    assert row["ci_low"] < row["difference"] < row["ci_high"]


def test_value_and_channels_are_those_of_the_members(three) -> None:
    j, found, _ = three
    events = pd.DataFrame({"customer_id": j.ids, "value": np.arange(len(j.ids), dtype=float), "channel": "web"})
    table = behaviours.portraits(found, j, events=events).table.set_index("behaviour")
    inside = (found.labels == "B1").to_numpy()
    assert table.loc["B1", "value"] == pytest.approx(np.arange(len(j.ids))[inside].mean())
    assert table.loc["B1", "channels"] == "web 100 %"


def test_the_distance_of_paths_is_that_of_slow_python() -> None:
    rng = np.random.default_rng(0)
    walked = [tuple(map(int, rng.integers(0, 4, rng.integers(1, 12)))) for _ in range(25)]

    def common(a: tuple[int, ...], b: tuple[int, ...]) -> int:
        if not a or not b:
            return 0
        return common(a[:-1], b[:-1]) + 1 if a[-1] == b[-1] else max(common(a[:-1], b), common(a, b[:-1]))

    short = [path[:7] for path in walked]
    slow = [[1 - 2 * common(a, b) / (len(a) + len(b)) for b in short] for a in short]
    assert behaviours.distances(short, method="lcs", normalise="maxdist") == pytest.approx(np.array(slow))


def test_a_medoid_is_the_nearest_to_all_and_coverage_counts_customers(three) -> None:
    j, found, _ = three
    shown = behaviours.representatives(found, j)
    medoid = shown.table[shown.table["rank"] == 1].iloc[0]
    members = [i for i in range(j.n_journeys) if found.labels.iloc[i] == medoid["behaviour"]]
    walked = []
    for i in members:
        path = j.codes[j.offsets[i] : j.offsets[i + 1]]
        walked.append(tuple(path[np.concatenate([[True], path[1:] != path[:-1]])].tolist()))
    away = behaviours.distances(walked, method="lcs", normalise="maxdist")
    assert medoid["mean_distance"] == pytest.approx(away.mean(axis=1).min())
    assert medoid["n"] == len(members)
    assert (
        (shown.table["ci_low"] <= shown.table["coverage"]) & (shown.table["coverage"] <= shown.table["ci_high"])
    ).all()
    assert shown.unclear.iloc[-1]["unclear"] == (found.posterior.max(axis=1) < 0.7).sum()
    assert (shown.outlying["per_step"] <= shown.outlying["typical_per_step"]).all()
    assert not set(map(str, j.ids)) & set(shown.outlying.astype(str).to_numpy().ravel())


@pytest.mark.parametrize("make", [one_customer, one_touchpoint, all_equal, nobody])
def test_too_little_is_explained_and_crashes_nothing(make) -> None:
    j = make()
    found = behaviours.find(j)
    assert found.reason
    portraits = behaviours.portraits(found, j, events=pd.DataFrame({"customer_id": j.ids}))
    assert portraits.summary()
    assert len(portraits.apart()) == 0
    stored = behaviours.model(found, j, names=portraits.names)
    again = behaviours.keep_labels(found, j, stored)
    assert again.table["behaviour"].tolist() == ["B1"]
    shown = [behaviours.assign(stored, j), behaviours.compare(stored, stored), behaviours.representatives(found, j)]
    for result in shown:
        assert result.summary()
        assert result.to_json()
    for draw in (behaviours.index_plot, behaviours.distribution_plot, behaviours.transition_maps):
        assert len(figures.alt_text(draw(found, j))) > 20


def test_a_model_is_of_the_journeys_it_was_found_in(three) -> None:
    _, found, _ = three
    with pytest.raises(DataError, match="pass the journeys"):
        behaviours.model(found, one_customer())


def test_pictures_can_be_drawn_and_say_what_they_show(three) -> None:
    j, found, _ = three
    for draw in (behaviours.index_plot, behaviours.distribution_plot, behaviours.transition_maps):
        ax = draw(
            found,
            j,
            order=["home", "page"],
            names={"B1": "a name $that$ is rather long for a small panel, so it is cut"},
        )
        assert "B2" in figures.alt_text(ax)
        assert figures.png(ax)


def test_proposed_names_differ() -> None:
    rows = [(label, name, difference, 0.001) for label in ("B1", "B2", "B3")
            for name, difference in (("mail", 0.3), ("call", 0.2), ("chat", 0.1), ("fax", -0.2))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["behaviour", "touchpoint", "difference", "q_value"])
    names, _ = settle(["B1", "B2", "B3"], frame, {}, {})
    assert names == {"B1": "B1: mail and call", "B2": "B2: mail, call and chat", "B3": "B3: mail"}


def test_the_tables_under_the_pictures_count_what_the_pictures_draw(three) -> None:
    j, found, _ = three
    labels, paths = found.labels.to_numpy(), []
    for number in range(j.n_journeys):
        walk = list(j.path(number))
        paths.append([name for place, name in enumerate(walk) if place == 0 or walk[place - 1] != name])
    shares = behaviours.step_shares(found, j).set_index(["behaviour", "touchpoint"])
    leads = behaviours.leads(found, j)
    for label in found.table["behaviour"]:
        mine = [path for path, one in zip(paths, labels, strict=True) if one == label and path]
        for touchpoint in set(shares.loc[label].index) - {"(all others)"}:
            third = sum(len(path) > 2 and path[2] == touchpoint for path in mine) / len(mine)
            assert shares.loc[(label, touchpoint), "share at step 3"] == pytest.approx(third)
        for row in leads[leads["behaviour"] == label].itertuples():
            away = [pair for path in mine for pair in itertools.pairwise(path) if pair[0] == row.from_touchpoint]
            assert row.n == len(away)
            if row.to_touchpoint != "(all others)":
                assert row.share == pytest.approx(sum(pair[1] == row.to_touchpoint for pair in away) / len(away))
    begin = behaviours.openings(found, j, names={"B1": "first"}, most=3, minimum=2)
    assert begin["n"].min() >= 2
    assert set(begin["behaviour"]) <= {"first", *found.table["behaviour"]}
    row = begin.iloc[0]
    assert row["n"] == sum(
        tuple(path[:5]) == row["first_steps"] for path, one in zip(paths, labels, strict=True) if one == "B1"
    )
