"""Web server logs: a real site's Apache log, samples of each format, and lines as attackers and broken disks write them."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError, JourneylabError, StudyError
from journeylab.readers import events_to_parquet, read_events
from tests.exports import balanced, cut_short, gzip_cut_short, plain_bytes, with_bad_lines

APACHE = "data/apache_access_log/apache_logs.gz"
LOGS = "data/vendor_fixtures/weblogs/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:27.0) Gecko/20100101 Firefox/27.0"

ROBOT = "that look like a robot's (user agent; option robots = 'keep' reads them)"
ASSET = "that ask for an asset (option assets = 'keep' reads them)"
BROKEN = "that are no line of a web server's log, or damaged"


def _line(
    path: str = "/a", status: int = 200, agent: str = FIREFOX, address: str = "192.0.2.7", user: str = "-",
    referrer: str = "-", method: str = "GET", time: str = "10/Oct/2000:13:55:36 -0700",
) -> str:  # fmt: skip
    return f'{address} - {user} [{time}] "{method} {path} HTTP/1.1" {status} 2326 "{referrer}" "{agent}"'


def _written(folder: Path, *lines: str) -> Path:
    (folder / "x.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "x.log"


def _losses(file: Path, **options: object) -> dict[str, int]:
    return {loss.reason: loss.n for loss in read_events(file, format="weblog", **options)[1].dropped}


def test_a_real_sites_log(shared: Path) -> None:
    events, report = read_events(shared / APACHE, format="weblog")
    assert (report.n_read, report.n_kept) == (10_000, 2_085)
    assert {loss.reason: loss.n for loss in report.dropped} == {
        ASSET: 5_401,
        ROBOT: 2_353,
        "that were redirected (status 3xx)": 117,
        "with a method other than GET and POST": 43,
        BROKEN: 1,
    }
    assert "semicomplete.com" in report.notes[0]
    assert events["event_time"].iloc[0] == pd.Timestamp("2015-05-17T10:05:14Z")
    assert events["touchpoint"].value_counts()[["/", "error 404"]].tolist() == [191, 66]
    everything = read_events(shared / APACHE, format="weblog", assets="keep", robots="keep", visitor="ip")
    assert everything[1].n_kept == 9_999 - 164 - 43 + len(
        re.findall(rb'"HEAD [^"]*" 301', plain_bytes(shared / APACHE))
    )
    assert everything[0]["customer_id"].nunique() <= 1_753


def test_no_address_leaves_the_reader(shared: Path) -> None:
    for name in (APACHE, LOGS + "webreadr_combined_log.clf", LOGS + "matomo_fake_logs_replay.log"):
        events, report = read_events(shared / name, format="weblog")
        addresses = set(re.findall(rb"(?m)^\d+\.\d+\.\d+\.\d+", plain_bytes(shared / name)))
        said = (events.to_csv() + str(report)).encode()
        assert addresses
        assert not [address for address in addresses if address in said]


def test_the_smallest_format_and_a_user_who_is_logged_in(shared: Path) -> None:
    events, report = read_events(shared / LOGS / "webreadr_log.clf", format="weblog", assets="keep")
    assert (report.n_read, report.n_dropped) == (2, 0)
    assert events["customer_id"].tolist() == ["Microsoft\\JohnDoe", "frank"]
    assert events["event_time"].tolist() == [pd.Timestamp("2001-04-09T01:39:04Z"), pd.Timestamp("2000-10-10T20:55:36Z")]
    assert events["touchpoint"].tolist() == ["/scripts/iisadmin/ism.dll", "/apache_pb.gif"]
    assert set(
        read_events(shared / LOGS / "webreadr_log.clf", format="weblog", customer="visitor")[0]["customer_id"]
    ) == {events.loc[0, "visitor_id"]}


def test_the_extended_format_names_its_fields(shared: Path, tmp_path: Path) -> None:
    events, _ = read_events(shared / LOGS / "webreadr_log.aws", format="weblog", assets="keep")
    assert events["touchpoint"].tolist() == ["/view/my/file.html", "/soundtrack/happy.mp3"]
    assert events.loc[0, "event_time"] == pd.Timestamp("2014-05-23T01:13:11Z")
    iis = _written(
        tmp_path,
        "#Software: Microsoft Internet Information Services 10.0",
        "#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) cs(Referer) sc-status",
        "2024-05-01 10:00:00 GET /shop/cart id=1 - 192.0.2.1 Mozilla/5.0+(iPhone;+Mobile) https://www.bing.com/ 200",
        "2024-05-01 10:00:01 GET /shop/cart - ann 192.0.2.1 Mozilla/5.0+(iPhone;+Mobile) - 500",
        "2024-05-01 10:00:01 GET /cut",
    )
    events, report = read_events(iis, format="weblog")
    assert events["touchpoint"].tolist() == ["/shop/cart", "error 500"]
    assert events["channel"].tolist()[0] == "search"
    assert events["device"].tolist() == ["mobile", "mobile"]
    assert events.loc[1, "customer_id"] == "ann"
    assert [(loss.reason, loss.n) for loss in report.dropped] == [(BROKEN, 1)]


def test_a_visitor_is_a_hash_of_address_and_agent(tmp_path: Path) -> None:
    path = _written(tmp_path, _line(), _line(agent="Opera/9"), _line(address="2001:db8::1"))
    by_both, by_address = (
        read_events(path, format="weblog", visitor=kind)[0]["customer_id"] for kind in ("ip+agent", "ip")
    )
    assert by_both.nunique() == 3
    assert by_address.nunique() == 2
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in [*by_both, *by_address])
    again = read_events(_written(tmp_path, _line()), format="weblog")[0]
    assert again.loc[0, "customer_id"] == by_both[0]
    assert _losses(_written(tmp_path, _line(), _line(address="-"))) == {"without a user or an address": 1}


def test_paths_lose_their_query_and_session(tmp_path: Path) -> None:
    path = _written(
        tmp_path, _line("/cart?mail=a@b.org#x"), _line("//wp//a"), _line("http://x.org/p?q"), _line("/a b"),
        _line("/s/list;jsessionid=1A2B?x=1"), _line("/"),
    )  # fmt: skip
    events, _ = read_events(path, format="weblog")
    assert events["touchpoint"].tolist() == ["/cart", "/wp//a", "/p", "/a b", "/s/list", "/"]
    assert "a@b.org" not in events.to_csv()
    assert set(read_events(path, format="weblog", pages="event")[0]["touchpoint"]) == {"page view"}


def test_what_is_no_customers_step_is_left_out_and_said(tmp_path: Path) -> None:
    lines = [
        _line(), _line("/x.css?v=2"), _line("/robots.txt"), _line("/r", 302), _line("/copy", 304), _line("/gone", 404),
        _line(method="HEAD"), _line(agent="Googlebot/2.1"), _line(agent="curl/8.1"), _line(agent="CUBOT Phone"),
        _line(method="\\x16\\x03"), _line(time="31/Feb/2000:13:55:36 -0700"), _line(time="10/Oct/2000:13:55:36 -9900"),
    ]  # fmt: skip
    path = _written(tmp_path, *lines)
    events, report = read_events(path, format="weblog")
    assert events["touchpoint"].tolist() == ["/a", "/copy", "error 404", "/a"]
    assert {loss.reason: loss.n for loss in report.dropped} == {
        ASSET: 2,
        ROBOT: 2,
        "that were redirected (status 3xx)": 1,
        "with a method other than GET and POST": 1,
        "with no request that can be read": 1,
        "with no time that is one": 2,
    }
    kept = _losses(path, assets="keep", robots="keep", errors="drop")
    assert kept["that failed (status 400 or more; option errors = 'keep' reads them)"] == 1
    assert ROBOT not in kept
    assert ASSET not in kept
    with pytest.raises(StudyError, match=r"option robots: found 'kep'.*Did you mean 'keep'"):
        read_events(path, format="weblog", robots="kep")


def test_quotation_marks_in_agents_ports_and_zones(tmp_path: Path) -> None:
    lines = [
        _line(agent='He said \\"hi\\" (iPad)'),
        _line(agent='unescaped "hi" here', referrer="http://www.google.com/search?q=a"),
        "shop.example.org:443 " + _line(referrer="https://shop.example.org/b"),
        _line(user="John Doe", time="10/Oct/2000:13:55:36"),
        _line(time="2000-10-10T13:55:36+02:00") + ' "203.0.113.9" 0.004',
    ]
    events, report = read_events(_written(tmp_path, *lines), format="weblog", timezone="Europe/Berlin")
    assert report.n_dropped == 0
    assert events["event_time"].dt.hour.tolist() == [20, 20, 20, 11, 11]
    assert events.loc[3, "customer_id"] == "John Doe"
    assert events["device"].tolist() == ["tablet", "desktop", "desktop", "desktop", "desktop"]
    assert events["channel"].fillna("").tolist() == ["", "search", "", "", ""]


def test_the_sites_own_pages_are_no_channel(tmp_path: Path) -> None:
    inside = [_line(referrer="https://www.shop.org/a")] * 9
    path = _written(tmp_path, *inside, _line(referrer="https://blog.net/"), _line(referrer="https://duckduckgo.com/?q"))
    events, report = read_events(path, format="weblog")
    assert events["channel"].fillna("").tolist() == [""] * 9 + ["referral", "search"]
    assert "shop.org" in report.notes[0]
    other, report = read_events(path, format="weblog", site="blog.net")
    assert other["channel"].fillna("").tolist() == ["referral"] * 9 + ["", "search"]
    assert report.notes == ()


def test_damage_loses_only_what_is_damaged(shared: Path, tmp_path: Path) -> None:
    file = _written(tmp_path, *[_line(f"/{number}") for number in range(50)])
    (tmp_path / "b").mkdir()
    assert balanced(with_bad_lines(file, tmp_path / "b", (0, 30)), "weblog") == (48, 2)
    kept, dropped = balanced(cut_short(file, tmp_path / "b"), "weblog")
    assert (kept, dropped) == (30, 0) or dropped == 1
    kept, dropped = balanced(gzip_cut_short(shared / APACHE, tmp_path / "b"), "weblog", robots="keep")
    assert kept > 1_000
    for encoding in ("latin-1", "utf-16"):
        (tmp_path / "e.log").write_bytes(_line("/größe").encode(encoding))
        events, report = read_events(tmp_path / "e.log", format="weblog")
        assert events["touchpoint"].tolist() == ["/größe"]
        assert report.notes


@pytest.mark.parametrize("name", ["webreadr_log.squid", "webreadr_s3.log"])
def test_other_logs_are_refused(shared: Path, name: str) -> None:
    with pytest.raises(DataError, match=rf"{name}: holds no event that can be read as 'weblog': \d+ {BROKEN}"):
        read_events(shared / LOGS / name, format="weblog")


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a,b\n1,2\n", '{"a": 1}', "[" * 100_000, '" 200 ' * 20_000, "\\" * 200_000]
)
def test_what_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.log").write_text(text)
    with pytest.raises(JourneylabError, match=r"x\.log"):
        read_events(tmp_path / "x.log", format="weblog")


def test_a_line_without_end_is_not_held(tmp_path: Path) -> None:
    with _written(tmp_path, _line(), _line(agent="x" * 200_000)).open("a") as stream:
        for _ in range(70):
            stream.write("x" * 1024**2)
    assert balanced(tmp_path / "x.log", "weblog") == (1, 2)


def test_the_same_table_without_holding_it(shared: Path, tmp_path: Path) -> None:
    events, report = read_events(shared / APACHE, format="weblog")
    assert events_to_parquet(shared / APACHE, tmp_path / "events.parquet", "weblog") == report
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)
