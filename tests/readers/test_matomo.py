"""Matomo: what its own tests answer, in JSON and XML, against counts of the whole file; log tables made of an export."""

from __future__ import annotations

import collections
import gzip
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from journeylab import open_study
from journeylab.errors import DataError, JourneylabError, StudyError
from journeylab.readers import events_to_parquet, read_events
from tests.exports import balanced, cut_short, gzip_cut_short, plain_bytes, with_bad_lines

FOLDER = "data/vendor_fixtures/matomo"
SUBJECT = f"{FOLDER}/exportDataSubject_allVisits.json.gz"
TIMED = {"OneVisitor_with_timestamps.xml", "VisitorProfile_utcMinus.xml"}
KINDS = {
    "action": "page view", "event": "event", "goal": "goal", "search": "site search", "download": "download",
    "outlink": "outlink", "ecommerceOrder": "order", "ecommerceAbandonedCart": "abandoned cart", "13": "content impression",
}  # fmt: skip
START = 1_600_000_000


def _visits(file: Path) -> list[ET.Element]:
    """The visits of an XML file that is read whole."""
    rows = ET.fromstring(plain_bytes(file)).iter("row")
    return [row for row in rows if row.find("idVisit") is not None]


def _actions(file: Path) -> list[ET.Element]:
    return [action for visit in _visits(file) for action in visit.find("actionDetails") or ()]


def _timed(file: Path, folder: Path) -> Path:
    """A copy with the visitors' ids and times that Matomo's tests leave away: an action every minute."""
    root = ET.fromstring(plain_bytes(file))
    stamp = START
    for row in [row for row in root.iter("row") if row.find("idVisit") is not None]:
        actions = list(row.find("actionDetails") or ())
        for name, value in (("visitorId", "ab12"), ("firstActionTimestamp", str(stamp))):
            ET.SubElement(row, name).text = value
        for action in actions:
            ET.SubElement(action, "timestamp").text = str(stamp)
            stamp += 60
    copy = folder / file.name.removesuffix(".gz")
    ET.ElementTree(root).write(copy, encoding="utf-8", xml_declaration=True)
    return copy


def _visit(number: int = 1, *actions: dict[str, Any], ahead: int = 0, **more: Any) -> dict[str, Any]:
    first = START + 86_400 * number
    details = [
        {
            "type": "action",
            "url": f"https://x.org/p{place}?q=1",
            "pageTitle": f"P {place}",
            "timestamp": first + ahead + place,
        }
        | action
        for place, action in enumerate(actions or ({},))
    ]
    return {
        "idSite": "1", "idVisit": str(number), "visitorId": f"v{number}", "fingerprint": f"f{number}", "userId": None,
        "actionDetails": details, "firstActionTimestamp": first, "lastActionTimestamp": first + len(details) - 1,
        "referrerType": "search", "deviceType": "Smartphone", "customVariables": [],
    } | more  # fmt: skip


def _written(folder: Path, visits: Any, *, indent: int | None = None, encoding: str = "utf-8") -> Path:
    (folder / "x.json").write_bytes(json.dumps(visits, indent=indent, ensure_ascii=False).encode(encoding))
    return folder / "x.json"


def _as_xml(visits: list[dict[str, Any]]) -> str:
    root = ET.Element("result")
    for visit in visits:
        row = ET.SubElement(root, "row")
        for name, value in visit.items():
            cell = ET.SubElement(row, name)
            for action in value if isinstance(value, list) else ():
                inner = ET.SubElement(cell, "row")
                for key, text in action.items():
                    ET.SubElement(inner, key).text = str(text)
            if not isinstance(value, list):
                cell.text = None if value is None else str(value)
    ET.indent(root, "\t")
    return f'<?xml version="1.0" encoding="utf-8" ?>\n{ET.tostring(root, "unicode")}\n'


def _lost(report: Any) -> dict[str, int]:
    return {loss.reason: loss.n for loss in report.dropped}


class TestFixtures:
    @pytest.mark.parametrize("name", sorted(TIMED))
    def test_visits_with_times_are_read(self, shared: Path, name: str) -> None:
        file = shared / FOLDER / name
        events, report = read_events(file, format="matomo")
        assert (report.n_read, report.n_kept) == (3, 3)
        slow = [(visit.findtext("fingerprint"), visit.findtext("firstActionTimestamp")) for visit in _visits(file)]
        assert events["customer_id"].tolist() == [device for device, _ in slow]
        assert events["event_time"].tolist() == [pd.Timestamp(int(str(stamp)), unit="s", tz="UTC") for _, stamp in slow]
        assert events["visitor_id"].isna().all()

    @pytest.mark.parametrize(
        "name",
        [
            "AllSites_large.xml.gz", "CustomEvents.xml", "Ecommerce.xml", "ImportLogs.xml", "ManyVisitors.xml",
            "VisitorProfile.xml",
        ],
    )  # fmt: skip
    def test_visits_without_times_are_lost_one_by_one_and_read_once_they_have_times(
        self, shared: Path, tmp_path: Path, name: str
    ) -> None:
        file = shared / FOLDER / name
        actions = _actions(file)
        with pytest.raises(DataError, match="holds no event that can be read as 'matomo'") as error:
            read_events(file, format="matomo")
        lost = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) with(?:out| no)", str(error.value))]
        empty = sum(
            visit.find("actionDetails") is None or not len(visit.find("actionDetails")) for visit in _visits(file)
        )
        assert sum(lost) == len(actions)

        events, report = read_events(_timed(file, tmp_path), format="matomo")
        assert (report.n_read, report.n_kept, report.n_dropped) == (len(actions) + empty, len(actions), empty)
        interactions = sum(bool(action.findtext("contentInteraction")) for action in actions)
        slow = collections.Counter(KINDS[str(action.findtext("type"))] for action in actions)
        if interactions:
            slow["content impression"] -= interactions
            slow["content interaction"] = interactions
        assert events["event"].value_counts().to_dict() == dict(slow)
        assert events["value"].sum() == pytest.approx(sum(float(action.findtext("revenue") or 0) for action in actions))
        assert events["session_id"].nunique() == len(_visits(file)) - empty

    def test_a_visit_of_nobody_counts_only_if_visits_may_be_customers(self, shared: Path) -> None:
        file = shared / FOLDER / "getLastVisitsDetails_2018_excerpt.json"
        with pytest.raises(DataError, match="1 without userId or visitorId"):
            read_events(file, format="matomo")
        events, report = read_events(file, format="matomo", visitor="visit")
        assert report.n_read == 1
        row = events.iloc[0]
        assert row[["customer_id", "touchpoint", "channel", "device", "session_id"]].tolist() == [
            "visit 25811492", "/test-page", "search", "desktop", "25811492",
        ]  # fmt: skip
        assert row["event_time"] == pd.Timestamp("2018-04-04T06:54:06Z")
        assert "have no visitorId" in report.notes[0]
        titles, _ = read_events(file, format="matomo", visitor="visit", pages="title")
        assert titles["touchpoint"].tolist() == ["Example com test page"]

    def test_a_data_subject_keeps_every_action_and_conversion(self, shared: Path) -> None:
        whole = json.loads(gzip.decompress((shared / SUBJECT).read_bytes()))
        links, conversions = whole["log_link_visit_action"], whole["log_conversion"]
        events, report = read_events(shared / SUBJECT, format="matomo")
        assert (report.n_read, report.n_kept) == (916, 916) == (len(links) + len(conversions),) * 2
        assert events["event"].value_counts().to_dict() == {
            "page view": 504, "event": sum("idaction_event_category" in row for row in links),
            "content impression": 105, "content interaction": sum("idaction_content_interaction" in row for row in links),
            "goal": sum(int(row["idgoal"]) > 0 for row in conversions), "site search": sum("search_count" in row for row in links),
            "abandoned cart": sum(row["idgoal"] == "-1" for row in conversions),
            "order": sum(row["idgoal"] == "0" for row in conversions),
        }  # fmt: skip
        assert events["value"].sum() == pytest.approx(sum(float(row["revenue"].strip("$")) for row in conversions))
        visits = {row["idvisit"]: row for row in whole["log_visit"]}
        names = {
            row["idaction"]: row["name"] for key, rows in whole.items() if key.startswith("log_action_") for row in rows
        }
        slow = collections.Counter(
            (visits[row["idvisit"]]["user_id"], row["server_time"], names[row["idaction_url"]].partition(".com")[2])
            for row in links
            if "idaction_url" in row and not {"idaction_event_category", "idaction_content_name"} & set(row)
        )
        pages = events[events["event"] == "page view"]
        times = pages["event_time"].dt.strftime("%Y-%m-%d %H:%M:%S")
        assert collections.Counter(zip(pages["customer_id"], times, pages["touchpoint"], strict=True)) == slow
        assert set(events["channel"]) == {"website", "direct", "search", "social"}
        assert set(events["visitor_id"]) <= {row["idvisitor"] for row in whole["log_visit"]}
        assert report.notes == ("not read: 'log_foo_bar_baz', 'log_foo_bar', 'log_foo', 'log_conversion_item'",)


class TestVisits:
    def test_everything_a_visitor_can_do(self, tmp_path: Path) -> None:
        actions: list[dict[str, Any]] = [
            {},
            {"type": "download", "url": "https://x.org/f/a.pdf?x=1", "pageTitle": ""},
            {"type": "outlink", "url": "https://shop.example.com/a/b", "pageTitle": ""},
            {"type": "event", "eventCategory": "Video", "eventAction": "play", "eventName": "intro", "eventValue": 5},
            {"type": "search", "url": None, "siteSearchKeyword": "secret"},
            {"type": 13, "contentName": "Banner", "contentInteraction": ""},
            {"type": "13", "contentName": "Banner", "contentInteraction": "click"},
            {"type": "goal", "goalName": "Sign-up", "revenue": "5", "timestamp": START + 86_400},
            {"type": "ecommerceAbandonedCart", "revenue": 12.5},
            {"type": "ecommerceOrder", "orderId": "1", "revenue": "1,234.50"},
            {"type": "media", "title": "Film", "pageTitle": ""},
            {"url": "", "pageTitle": "Only a title"},
        ]
        events, report = read_events(_written(tmp_path, [_visit(1, *actions)]), format="matomo")
        assert report.n_kept == 12
        assert events["touchpoint"].tolist() == [
            "/p0", "download: /f/a.pdf", "outlink: shop.example.com", "Video: play", "site search",
            "content impression: Banner", "content interaction: Banner", "goal: Sign-up", "abandoned cart", "order",
            "media: Film", "Only a title",
        ]  # fmt: skip
        assert events["value"].dropna().tolist() == [5.0, 12.5, 1234.5]
        assert events["order"].tolist() == [1, 3, 4, 5, 6, 7, 8, 2, 9, 10, 11, 12]
        assert set(events["device"]) == {"smartphone"}
        kinds, _ = read_events(tmp_path / "x.json", format="matomo", pages="event")
        assert kinds["touchpoint"].tolist()[:7] == [
            "page view", "download", "outlink", "Video: play", "site search", "content impression", "content interaction",
        ]  # fmt: skip
        assert "secret" not in events.to_csv()

    def test_who_the_customer_is(self, tmp_path: Path) -> None:
        visits = [
            _visit(1, userId="ann"),
            _visit(2),
            _visit(3, visitorId=False),
            _visit(4, visitorId=False, fingerprint=False),
        ]
        path = _written(tmp_path, visits)
        for options, customers in (
            ({}, ["ann", "v2", "f3"]),
            ({"customer": "visitor"}, ["v1", "v2", "f3"]),
            ({"customer": "login"}, ["ann"]),
            ({"visitor": "visit"}, ["ann", "v2", "f3", "visit 4"]),
            ({"visitor": "none"}, ["ann", "v2"]),
        ):
            events, report = read_events(path, format="matomo", **options)
            assert events["customer_id"].tolist() == customers
            assert sum(_lost(report).values()) == 4 - len(customers)
        assert events["visitor_id"].tolist() == ["v1", "v2"]
        assert events["login_id"].fillna("").tolist() == ["ann", ""]
        with pytest.raises(StudyError, match=r"option visitor: found 'visits', .* Did you mean 'visit'"):
            read_events(path, format="matomo", visitor="visits")

    def test_times_are_put_back_to_utc_by_each_visits_own(self, tmp_path: Path) -> None:
        visits = [_visit(1, {}, {}, ahead=3600), _visit(2, {}, ahead=-9 * 3600 - 1800), _visit(3, idSite="2")]
        events, report = read_events(_written(tmp_path, visits), format="matomo")
        firsts = [START + 86_400, START + 86_401, START + 2 * 86_400, START + 3 * 86_400]
        assert events["event_time"].tolist() == [pd.Timestamp(first, unit="s", tz="UTC") for first in firsts]
        assert report.notes[0].startswith("Matomo writes the times of actions by the site's clock")

    def test_visits_that_do_not_show_the_sites_clock(self, tmp_path: Path) -> None:
        bare: dict[str, Any] = {"firstActionTimestamp": None, "lastActionTimestamp": None}
        path = _written(tmp_path, [_visit(1, {}, ahead=7200, **bare)])
        first = pd.Timestamp(START + 86_400, unit="s", tz="UTC")
        plain, report = read_events(path, format="matomo")
        assert plain["event_time"].tolist() == [first + pd.Timedelta("2h")]
        assert "option timezone helps" in report.notes[0]
        zoned, report = read_events(path, format="matomo", timezone="Europe/Berlin")
        assert zoned["event_time"].tolist() == [first]
        assert not report.notes
        path = _written(tmp_path, [_visit(2, {}, ahead=7200), _visit(1, {}, ahead=7200, **bare)])
        beside, report = read_events(path, format="matomo")
        assert beside["event_time"].tolist()[1] == first
        assert "that of the visit before was taken" in report.notes[1]

    def test_pages_of_visits_and_profiles(self, tmp_path: Path) -> None:
        visits = [_visit(1), _visit(2)]
        for answer in (
            {"totalVisits": 2, "searches": [{"keyword": "a"}], "lastVisits": visits, "devices": [{"type": "x"}]},
            {"2024-01-01": visits[:1], "2024-01-02": [], "2024-01-03": visits[1:]},
            {"lastVisits": {"0": visits[0], "1": visits[1]}},
        )[:2]:
            assert balanced(_written(tmp_path, answer), "matomo") == (2, 0)
        (tmp_path / "x.jsonl").write_text("\n".join(json.dumps(visit) for visit in visits))
        assert balanced(tmp_path / "x.jsonl", "matomo") == (2, 0)

    def test_what_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        visits = [
            _visit(1, {}, {"timestamp": "soon"}),
            _visit(2, actionDetails=[]),
            _visit(3, actionDetails={"0": {"type": "action", "timestamp": START}, "3": 5}),
            {"idVisit": 4},
            {"result": "error", "message": "no access"},
            7,
        ]
        _, report = read_events(_written(tmp_path, visits), format="matomo")
        assert (report.n_read, report.n_kept) == (8, 2)
        assert _lost(report) == {
            "with no time of the server that is one": 1,
            "that are visits without actions": 1,
            "that are no action": 1,
            "that are no visits (without actionDetails)": 1,
            "that are Matomo's answer to a request that failed": 1,
            "that is no JSON object": 1,
        }
        _, report = read_events(_written(tmp_path, [_visit(1, truncatedActionsCount=40)]), format="matomo")
        assert "40 actions are missing in visits that Matomo has cut short" in report.notes[0]


FIFTY = [_visit(number, {}, {"pageTitle": "Größe"}) for number in range(1, 51)]


class TestDamage:
    @pytest.mark.parametrize("indent", [None, 1])
    def test_two_damaged_visits_in_json(self, tmp_path: Path, indent: int | None) -> None:
        whole, _ = read_events(_written(tmp_path, FIFTY, indent=indent), format="matomo")
        text = (tmp_path / "x.json").read_text()
        for number in (7, 31):
            text = re.sub(rf'("idVisit":) "{number}"', r"\1 ###", text)
        (tmp_path / "x.json").write_text(text)
        events, report = read_events(tmp_path / "x.json", format="matomo")
        assert _lost(report) == {"that is not JSON (damaged or cut short)": 2}
        sound = whole[~whole["session_id"].isin(["7", "31"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(events, sound)

    @pytest.mark.parametrize(
        "damage",
        ["<idVisit>{}</idVisi", "</idSite><idVisit>{}</idVisit>", "<row><idVisit>{}</idVisit>", "& {}", "\0{}<"],
    )
    def test_two_damaged_visits_in_xml(self, tmp_path: Path, damage: str) -> None:
        text = _as_xml(FIFTY)
        (tmp_path / "x.xml").write_text(text)
        whole, _ = read_events(tmp_path / "x.xml", format="matomo")
        assert len(whole) == 100
        for number in (7, 31):
            text = text.replace(f"<idVisit>{number}</idVisit>", damage.format(number))
        (tmp_path / "x.xml").write_text(text)
        events, report = read_events(tmp_path / "x.xml", format="matomo")
        assert _lost(report) == {"where the file is no longer XML (damaged or cut short)": 2}
        assert report.dropped[0].examples[0].startswith("visit 7")
        sound = whole[~whole["session_id"].isin(["7", "31"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(events, sound)

    def test_rubbish_between_visits_in_xml_is_said(self, tmp_path: Path) -> None:
        text = _as_xml(FIFTY).replace("</row>\n\t<row>", "</row>\nrubbish\n\t<row>", 1)
        (tmp_path / "x.xml").write_text(text)
        assert balanced(tmp_path / "x.xml", "matomo") == (100, 1)

    def test_files_cut_short_lose_one_visit_and_say_so(self, shared: Path, tmp_path: Path) -> None:
        plain = _timed(shared / FOLDER / "ManyVisitors.xml", tmp_path)
        (tmp_path / "x.xml").write_text(_as_xml(FIFTY))
        _written(tmp_path, FIFTY)
        (tmp_path / "cut").mkdir()
        for file, total in ((plain, 43), (tmp_path / "x.xml", 100), (tmp_path / "x.json", 100)):
            for share in (0.3, 0.6, 0.95):
                kept, dropped = balanced(cut_short(file, tmp_path / "cut", share), "matomo")
                assert dropped == 1
                assert share * total - 15 < kept < total
            kept, dropped = balanced(gzip_cut_short(file, tmp_path / "cut", 0.9), "matomo")
            assert dropped <= 1
        for file, end in ((tmp_path / "x.xml", "</row>\n\t<row>"), (tmp_path / "x.json", "}, {")):
            text = file.read_text()
            file.write_text(text[: text.rindex(end) + 6 if end[0] == "<" else text.rindex('}, {"idSite"') + 1])
            events, report = read_events(file, format="matomo")
            assert len(events) == 98
            assert "may be cut short" in report.notes[-1]

    def test_a_data_subject_with_damaged_rows(self, shared: Path, tmp_path: Path) -> None:
        lines = plain_bytes(shared / SUBJECT).decode().split("\n")
        starts = [n for n, line in enumerate(lines) if '"idlink_va"' in line or '"idgoal"' in line]
        bad = with_bad_lines(shared / SUBJECT, tmp_path, (starts[3], starts[-3]))
        assert balanced(bad, "matomo") == (914, 2)
        visits = [n for n, line in enumerate(lines) if '"user_id"' in line]
        events, report = read_events(with_bad_lines(shared / SUBJECT, tmp_path, (visits[0],)), format="matomo")
        lost = json.loads("\n".join(lines))["log_visit"][0]["idvisit"]
        assert (report.n_kept, report.n_dropped) == (916, 1)
        assert any("belong to visits that are not in log_visit" in note for note in report.notes)
        assert events.loc[events["session_id"] == lost, "login_id"].isna().all()
        kept, dropped = balanced(cut_short(shared / SUBJECT, tmp_path, 0.5), "matomo")
        assert kept > 100
        assert dropped == 1
        _, report = read_events(cut_short(shared / SUBJECT, tmp_path, 0.5), format="matomo")
        assert any("have a number that log_action does not hold" in note for note in report.notes)

    @pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
    @pytest.mark.parametrize("kind", ["json", "xml"])
    def test_another_encoding(self, tmp_path: Path, encoding: str, kind: str) -> None:
        visits = FIFTY[:2]
        text = _as_xml(visits) if kind == "xml" else json.dumps(visits, ensure_ascii=False)
        (tmp_path / f"x.{kind}").write_bytes(text.encode(encoding))
        events, report = read_events(tmp_path / f"x.{kind}", format="matomo", pages="title")
        assert events["touchpoint"].tolist() == ["P 0", "Größe"] * 2
        assert ("Windows-1252" in " ".join(report.notes)) == (encoding == "latin-1")

    def test_keys_in_another_order_are_the_same(self, tmp_path: Path) -> None:
        turned = [dict(sorted(visit.items(), reverse=True)) for visit in FIFTY]
        whole, _ = read_events(_written(tmp_path, FIFTY), format="matomo")
        pd.testing.assert_frame_equal(read_events(_written(tmp_path, turned), format="matomo")[0], whole)
        (tmp_path / "x.xml").write_text(_as_xml(turned))
        pd.testing.assert_frame_equal(read_events(tmp_path / "x.xml", format="matomo")[0], whole)
        mixed = [visit if n % 3 else turned[n] for n, visit in enumerate(FIFTY)]
        (tmp_path / "x.xml").write_text(_as_xml(mixed))
        pd.testing.assert_frame_equal(read_events(tmp_path / "x.xml", format="matomo")[0], whole)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ('<!DOCTYPE l [<!ENTITY a "aa">]><result><row><idSite>&a;</idSite></row></result>', "defines entities"),
            (
                '<?xml version="1.0"?><!DOCTYPE l SYSTEM "file:///etc/hostname"><result><row/></result>',
                "defines entities",
            ),
            ("<result><row><idSite>&a;</idSite></row></result>", "no longer XML"),
            ('<result><error message="no access"/></result>', r"request that failed \(the file \('no access'\)\)"),
            ("<result></result>", "no longer XML"),
            ("a;b\n1;2\n", "is neither JSON nor XML, nor called as a log table"),
            ('{"result": "error", "message": "no access"}', "request that failed"),
            ("[" * 100_000, "holds no event"),
            ("<result>" + "<row><idSite>" * 5_000, "no longer XML"),
            ("[]", "holds no event"),
            ("", "is empty"),
        ],
    )
    def test_what_is_hostile_or_no_export_is_refused(self, tmp_path: Path, text: str, says: str) -> None:
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(JourneylabError, match=rf"x\.json: .*{says}"):
            read_events(tmp_path / "x.json", format="matomo")


RAW = {
    "Desktop": "0",
    "Websites": "3",
    "Direct Entry": "1",
    "Search Engines": "2",
    "Social Networks": "7",
    "Unknown": "",
}


def _tables(shared: Path) -> dict[str, pd.DataFrame]:
    """The log tables as they lie in the database, made back from a data subject's export."""
    whole = json.loads(gzip.decompress((shared / SUBJECT).read_bytes()))
    visits = pd.DataFrame(whole["log_visit"]).replace(RAW)
    searches = {row["idaction_name"] for row in whole["log_link_visit_action"] if "search_count" in row}
    rows = {}
    for key, of in whole.items():
        for row in of if key.startswith("log_action_") else ():
            column = key.rpartition("idaction_")[2]
            kind = {"url": "1", "name": "8" if row["idaction"] in searches else "4", "event_category": "10"}.get(
                column, "11"
            )
            address = row["name"].removeprefix("http://www.")
            prefix = "1" if address != row["name"] else None
            rows[row["idaction"]] = {"idaction": row["idaction"], "name": address, "type": kind, "url_prefix": prefix}
    conversions = pd.DataFrame(whole["log_conversion"])
    conversions["revenue"] = conversions["revenue"].str.strip("$")
    goals = pd.DataFrame([{"idsite": s, "idgoal": g, "name": f"Goal {g}"} for s in ("1", "3", "5") for g in ("1", "2")])
    return {
        "log_visit": visits, "log_link_visit_action": pd.DataFrame(whole["log_link_visit_action"]),
        "log_action": pd.DataFrame(rows.values()), "log_conversion": conversions, "goal": goals,
    }  # fmt: skip


def _named(events: pd.DataFrame) -> pd.DataFrame:
    return events.assign(touchpoint=events["touchpoint"].str.replace("goal: Goal", "goal:"))


class TestTables:
    def test_a_folder_of_tables_is_the_same_as_the_export(self, shared: Path, tmp_path: Path) -> None:
        for name, table in _tables(shared).items():
            table.to_csv(tmp_path / f"matomo_{name}.csv", index=False)
        (tmp_path / "log_conversion_item.csv").write_text("idvisit\n1\n")
        whole, _ = read_events(shared / SUBJECT, format="matomo")
        events, report = read_events(tmp_path, format="matomo")
        pd.testing.assert_frame_equal(_named(events), whole)
        assert set(events.loc[events["event"] == "goal", "touchpoint"]) == {"goal: Goal 1", "goal: Goal 2"}
        assert report.notes == ("not read: 'log_conversion_item.csv'",)
        assert (report.n_read, report.n_kept) == (916, 916)

    def test_parquet_with_ids_as_bytes_and_columns_in_another_order(self, shared: Path, tmp_path: Path) -> None:
        for name, table in _tables(shared).items():
            if "idvisitor" in table:
                table["idvisitor"] = [bytes.fromhex(number) for number in table["idvisitor"]]
            for column in {"idvisit", "idaction_name", "idaction_url", "idaction"} & set(table):
                table[column] = table[column].astype("float64")  # as pandas has whole numbers among empty cells
            table.rename(columns=str.upper)[sorted(table.columns.str.upper())].to_parquet(
                tmp_path / f"{name}_1.parquet"
            )
        whole, _ = read_events(shared / SUBJECT, format="matomo")
        events, _ = read_events(tmp_path, format="matomo")
        pd.testing.assert_frame_equal(_named(events), whole)

    def test_a_file_by_itself_is_read_with_the_tables_beside_it(self, shared: Path, tmp_path: Path) -> None:
        for name, table in _tables(shared).items():
            table["idvisitor"] = "0x" + table["idvisitor"].str.upper() if "idvisitor" in table else None
            table.fillna("NULL").to_csv(tmp_path / f"{name}.csv.gz", index=False)
        events, report = read_events(tmp_path / "log_conversion.csv.gz", format="matomo")
        assert (report.n_read, report.n_kept) == (104, 104)
        assert set(events["event"]) == {"goal", "order", "abandoned cart"}
        assert events["login_id"].str.startswith("userId").all()
        whole, _ = read_events(shared / SUBJECT, format="matomo")
        assert set(events["visitor_id"]) <= set(whole["visitor_id"])
        with pytest.raises(DataError, match="holds neither log_link_visit_action nor log_conversion"):
            read_events(tmp_path / "log_visit.csv.gz", format="matomo")

    def test_tables_that_are_missing_or_there_twice(self, shared: Path, tmp_path: Path) -> None:
        tables = _tables(shared)
        links = tables["log_link_visit_action"]
        links.to_csv(tmp_path / "log_link_visit_action.csv", index=False)
        events, report = read_events(tmp_path, format="matomo")
        assert len(events) == 812
        assert report.notes[:2] == (
            "there is no table log_visit: logins, channels and devices are not known",
            "there is no table log_action: pages, events and content have no names",
        )
        links.to_parquet(tmp_path / "log_link_visit_action.parquet")
        tables["log_visit"].to_csv(tmp_path / "log_visit_1.csv", index=False)
        tables["log_visit"].to_csv(tmp_path / "log_visit_2.csv", index=False)
        events, report = read_events(tmp_path, format="matomo")
        assert len(events) == 812
        assert events["login_id"].notna().all()
        assert "and not 'log_link_visit_action.csv' beside it" in " ".join(report.notes)
        tables["log_visit"].drop(columns="idvisit").to_csv(tmp_path / "log_visit_1.csv", index=False)
        with pytest.raises(DataError, match="is read as the table log_visit and has no column idvisit"):
            read_events(tmp_path, format="matomo")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match="there are no files"):
            read_events(tmp_path / "empty", format="matomo")

    def test_two_damaged_rows_in_each_table(self, shared: Path, tmp_path: Path) -> None:
        for name, table in _tables(shared).items():
            table.to_csv(tmp_path / f"{name}.csv", index=False)
        for name in ("log_link_visit_action", "log_conversion", "log_visit"):
            with_bad_lines(tmp_path / f"{name}.csv", tmp_path, (4, 30))
        events, report = read_events(tmp_path, format="matomo")
        assert (report.n_read, report.n_kept, report.n_dropped) == (916, 912, 4)
        assert sum("belong to visits that are not in log_visit" in note for note in report.notes) == 1
        assert "2 rows of log_visit.csv are damaged and were not looked up" in report.notes
        assert events["login_id"].isna().sum() > 0
        text = (tmp_path / "log_link_visit_action.csv").read_text(errors="replace")
        (tmp_path / "log_link_visit_action.csv").write_text(text.replace("2017-01-02 03:04:04", "soon", 1))
        assert balanced(tmp_path, "matomo") == (911, 5)

    def test_the_same_table_without_holding_it(self, shared: Path, tmp_path: Path) -> None:
        for name, table in _tables(shared).items():
            table.to_csv(tmp_path / f"{name}.csv", index=False)
        for path in (tmp_path, shared / SUBJECT, shared / FOLDER / "OneVisitor_with_timestamps.xml"):
            events, report = read_events(path, format="matomo")
            assert events_to_parquet(path, tmp_path / "events.out", "matomo") == report
            pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.out"), events)

    def test_a_study_names_the_folder(self, shared: Path, tmp_path: Path) -> None:
        (tmp_path / "raw").mkdir()
        for name, table in _tables(shared).items():
            table.to_csv(tmp_path / "raw" / f"{name}.csv", index=False)
        (tmp_path / "study.toml").write_text(
            '[study]\nname = "m"\ntitle = "M"\ntimezone = "Europe/Berlin"\n[events]\nformat = "matomo"\npath = "raw"\n'
            'pages = "title"\nvisitor = "none"\n'
        )
        study = open_study(tmp_path)
        assert len(study.events) == 916
        assert study.reports["events"].n_read == 916
        (tmp_path / "raw" / "log_conversion.csv").unlink()
        assert len(open_study(tmp_path).events) == 812
