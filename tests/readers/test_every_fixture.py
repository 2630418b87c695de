"""Every export in the folder of fixtures is read or refused with a reason, and damage costs the damaged rows only."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import read_events
from tests.exports import plain_bytes

FIXTURES = "data/vendor_fixtures"
OTHERS = {"qualtrics"}
"""Folders of what are no events."""
FORMATS = {"adobe_data_feed": "adobe", "weblogs": "weblog"}
"""The format of a folder where the two are not called the same."""

NO_TABLE = "neither ticket, comment, change of a field nor event of a chat"
NO_TIMES = "with no time of the server that is one"
KEPT: dict[str, int | str] = {
    "adobe_data_feed/01-suiteid_2015-12-29.tsv.gz": 10,
    "adobe_data_feed/02-suiteid_2015-12-29.tsv.gz": 10,
    "adobe_data_feed/sample.tsv.csv": 10,
    "adobe_data_feed/suiteid_2015-12-29-lookup_data.tar.gz": "is an archive without hit_data.tsv",
    "adobe_data_feed/suiteid_2015-12-29.txt": 20,
    "amplitude/airbyte_events_record.jsonl": 1,
    "amplitude/export_api_lines.jsonl": 1,
    "amplitude/fivetran_event.csv": 10,
    "amplitude/fivetran_event_type.csv": "6 without event_type",  # looked up by hand, holds no events
    "ga4/bigquery_export_row_web.json": 1,
    "ga4/fivetran_event.csv": 6,
    "klaviyo/fivetran_seeds/campaign.csv": "2 without person_id",  # names that event.csv is read with
    "klaviyo/fivetran_seeds/event.csv": 4,
    "klaviyo/fivetran_seeds/event_norename.csv": 4,
    "klaviyo/fivetran_seeds/flow.csv": "2 without person_id",
    "klaviyo/fivetran_seeds/metric.csv": "2 without person_id",
    "klaviyo/fivetran_seeds/person.csv": "2 without person_id",
    "matomo/AllSites_large.xml.gz": f"910 {NO_TIMES}",  # Matomo's tests leave times and visitors' ids away
    "matomo/CustomEvents.xml": f"33 {NO_TIMES}",
    "matomo/Ecommerce.xml": f"18 {NO_TIMES}",
    "matomo/ImportLogs.xml": "118 without userId or visitorId",
    "matomo/ManyVisitors.xml": f"43 {NO_TIMES}",
    "matomo/OneVisitor_with_timestamps.xml": 3,
    "matomo/VisitorProfile.xml": f"20 {NO_TIMES}",
    "matomo/VisitorProfile_utcMinus.xml": 3,
    "matomo/exportDataSubject_allVisits.json.gz": 916,
    "matomo/getLastVisitsDetails_2018_excerpt.json": "1 without userId or visitorId",  # visitorId is false
    "mixpanel/airbyte_export_record.jsonl": 1,
    "mixpanel/fivetran_event.csv": 5,
    "mixpanel/raw_export_docs.jsonl": "2 without distinct_id",  # the documentation's example has none
    "segment/spec_alias.jsonl": "2 that identify a person, not an event",
    "segment/spec_b2b-saas.jsonl": "10 with no timestamp",  # the specification shortens its examples
    "segment/spec_common.jsonl": 1,
    "segment/spec_email.jsonl": "6 with no timestamp",
    "segment/spec_group.jsonl": "2 that identify a person, not an event",
    "segment/spec_identify.jsonl": "2 that identify a person, not an event",
    "segment/spec_live-chat.jsonl": "3 with no timestamp",
    "segment/spec_page.jsonl": 1,
    "segment/spec_screen.jsonl": "1 without userId or anonymousId",
    "segment/spec_track.jsonl": 2,
    "segment/warehouse_pages.csv": 1,
    "snowplow/atomic_events/snowplow_web_events.csv.gz": 160,
    "snowplow/atomic_events/snowplow_web_vital_events.csv.gz": 1000,
    "snowplow/enriched_tsv/input-events.tsv.gz": 48,
    "snowplow/enriched_tsv/output-badrows.jsonl": "2 that Snowplow refused",
    "snowplow/enriched_tsv/output-widerows.jsonl.gz": 48,
    "weblogs/matomo_fake_logs_replay.log": 22,
    "weblogs/webreadr_combined_log.clf": 4,
    "weblogs/webreadr_log.aws": 1,
    "weblogs/webreadr_log.clf": 1,
    "weblogs/webreadr_log.squid": "121 that are no line of a web server's log",  # formats of proxy and storage
    "weblogs/webreadr_s3.log": "6 that are no line of a web server's log",
    "xes/running-example.xes": 42,
    "zendesk/fivetran_seeds/ticket_chat_event_data.csv": 1,
    "zendesk/fivetran_seeds/ticket_comment_data.csv": "20 of tickets that are not in the table ticket",
    "zendesk/fivetran_seeds/ticket_data.csv": 8,
    "zendesk/fivetran_seeds/ticket_field_history_data.csv": 1,
    **{
        f"zendesk/fivetran_seeds/{name}.csv": NO_TABLE
        for name in (
            "audit_log_data", "brand_data", "brand_data_postgres", "daylight_time_data", "domain_name_data", "group_data",
            "organization_data", "organization_tag_data", "organization_tag_data_snowflake", "schedule_data",
            "schedule_holiday_data", "sla_policy_metric_history_data", "ticket_chat_data", "ticket_form_history_data",
            "ticket_schedule_data", "ticket_sla_policy_data", "ticket_tag_data", "time_zone_data", "user_data",
            "user_data_snowflake", "user_tag_data", "user_tag_data_snowflake",
        )
    },
}  # fmt: skip
"""How many events each fixture keeps, or why it keeps none."""


def test_every_fixture_has_a_line_here(shared: Path) -> None:
    folder = shared / FIXTURES
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    events = {name for name in files if "/" in name and name.partition("/")[0] not in OTHERS}
    assert events == set(KEPT)


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_fixture_is_read_or_says_why_not(shared: Path, name: str) -> None:
    file, kept = shared / FIXTURES / name, KEPT[name]
    vendor = name.partition("/")[0]
    format_ = FORMATS.get(vendor, vendor)
    if isinstance(kept, str):
        with pytest.raises(DataError, match=re.escape(kept)) as error:
            read_events(file, format=format_)
        assert str(file) in str(error.value)
        return
    events, report = read_events(file, format=format_)
    assert len(events) == report.n_kept == kept
    assert report.n_kept + report.n_dropped == report.n_read
    assert all(loss.n > 0 and loss.reason and loss.examples for loss in report.dropped)
    assert str(events["event_time"].dtype) == "datetime64[us, UTC]"
    assert events["event_time"].notna().all()
    for column in ("customer_id", "touchpoint"):
        assert all(isinstance(cell, str) and cell == cell.strip() != "" for cell in events[column])
    counted = _count(file)
    assert counted is None or report.n_read == counted


def _count(file: Path) -> int | None:
    """The records of a file, counted in the plainest way; None where they are not its lines or rows."""
    kind = file.name.removesuffix(".gz").rpartition(".")[2]
    if "adobe" in str(file) or kind not in ("csv", "jsonl", "tsv"):
        return None
    text = plain_bytes(file).decode()
    return (
        len(list(csv.reader(io.StringIO(text)))) - 1
        if kind == "csv"
        else len([line for line in text.split("\n") if line])
    )


LOOKUPS = "suiteid_2015-12-29-lookup_data.tar.gz"
LINES = {
    "adobe_data_feed/sample.tsv.csv": "line",
    "amplitude/fivetran_event.csv": "csv",
    "amplitude/airbyte_events_record.jsonl": "line",
    "ga4/fivetran_event.csv": "csv",
    "klaviyo/fivetran_seeds/event.csv": "csv",
    "mixpanel/fivetran_event.csv": "csv",
    "mixpanel/airbyte_export_record.jsonl": "line",
    "segment/warehouse_pages.csv": "csv",
    "segment/spec_track.jsonl": "line",
    "snowplow/atomic_events/snowplow_web_events.csv.gz": "csv",
    "snowplow/enriched_tsv/input-events.tsv.gz": "line",
    "snowplow/enriched_tsv/output-widerows.jsonl.gz": "line",
    "weblogs/webreadr_combined_log.clf": "line",
    "zendesk/fivetran_seeds/ticket_data.csv": "csv",
}
"""Exports whose records are lines, or rows under a header."""


class Fifty:
    """A file of fifty sound records of a fixture, in which each can be damaged by itself."""

    def __init__(self, shared: Path, folder: Path, name: str) -> None:
        vendor = name.partition("/")[0]
        self.format = FORMATS.get(vendor, vendor)
        fixture = shared / FIXTURES / name
        self.file = folder / fixture.name.removesuffix(".gz").replace("sample.tsv.csv", "hits.tsv")
        if self.format == "adobe":
            shutil.copy(fixture.with_name(LOOKUPS), folder / LOOKUPS)
        self.header: list[str] = []
        text = plain_bytes(fixture).decode()
        if LINES[name] == "csv":
            self.header, *rows = csv.reader(io.StringIO(text))
            lines = [_row(cells) for cells in rows]
        else:
            lines = [line for line in text.replace("\r", "").split("\n") if line]
        sound = [line for line in lines if self._is_sound(line)]
        self.lines = [self._numbered(sound[number % len(sound)], number).encode() for number in range(50)]

    def _numbered(self, line: str, number: int) -> str:
        """A record that is none of those before: Mixpanel sends some again, which its reader leaves out."""
        if self.format != "mixpanel":
            return line
        said = (dict(zip(self.header, next(csv.reader([line])), strict=True)) if self.header else json.loads(line))[
            "insert_id"
        ]
        return line.replace(said, f"{said[:-2]}{number:02}")

    def _is_sound(self, line: str) -> bool:
        try:
            return len(self.read([line.encode()])[0]) == 1
        except DataError:
            return False

    def read(self, lines: list[bytes], header: list[str] | None = None) -> tuple[pd.DataFrame, Any]:
        top = [_row(header or self.header).encode()] if self.header else []
        self.file.write_bytes(b"\n".join([*top, *lines]) + b"\n")
        return read_events(self.file, format=self.format)


def _row(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


@pytest.fixture
def fifty(shared: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Fifty:
    return Fifty(shared, tmp_path, request.param)


def _same_but(events: pd.DataFrame, whole: pd.DataFrame, gone: list[int]) -> None:
    left = whole.drop(index=gone).reset_index(drop=True)
    pd.testing.assert_frame_equal(events[left.columns], left)


@pytest.mark.parametrize("fifty", sorted(LINES), indirect=True)
class TestDamage:
    def test_a_file_cut_short_in_a_row(self, fifty: Fifty) -> None:
        whole, report = fifty.read(fifty.lines)
        assert (report.n_read, report.n_kept) == (50, 50)
        last = fifty.lines[-1]
        events, report = fifty.read([*fifty.lines[:-1], last[: len(last) // 2]])
        _same_but(events, whole, [49])
        assert (report.n_read, report.n_dropped) == (50, 1)
        assert report.dropped[0].examples

    def test_two_bad_rows_in_fifty(self, fifty: Fifty) -> None:
        whole, _ = fifty.read(fifty.lines)
        for rubbish in (b"\0\xff broken {", b'"', b"{}", b"a,b\tc,d"):
            lines = list(fifty.lines)
            lines[7] = lines[31] = rubbish
            events, report = fifty.read(lines)
            _same_but(events, whole, [7, 31])
            assert (report.n_read, report.n_dropped) == (50, 2)

    def test_bytes_of_another_encoding_in_one_row(self, fifty: Fifty) -> None:
        whole, _ = fifty.read(fifty.lines)
        lines = list(fifty.lines)
        place = [found.start() for found in re.finditer(rb"[a-z]", lines[20])][-1]
        lines[20] = lines[20][:place] + b"\xe9" + lines[20][place + 1 :]
        events, report = fifty.read(lines)
        assert report.n_read == 50
        assert report.n_kept >= 49
        assert "Windows-1252" in " ".join(report.notes)
        gone = [] if report.n_kept == 50 else [20]
        _same_but(events.drop(index=[] if gone else [20]).reset_index(drop=True), whole, [20])

    def test_columns_in_another_order(self, fifty: Fifty) -> None:
        if not fifty.header:
            pytest.skip("has no header")
        whole, _ = fifty.read(fifty.lines)
        order = sorted(range(len(fifty.header)), key=lambda number: (fifty.header[number], -number), reverse=True)
        rows = csv.reader(io.StringIO(b"\n".join(fifty.lines).decode()))
        turned = [_row([cells[number] for number in order]).encode() for cells in rows]
        events, report = fifty.read(turned, [fifty.header[number] for number in order])
        assert report.n_kept == 50
        pd.testing.assert_frame_equal(events[whole.columns], whole)


def test_keys_in_another_order(shared: Path, tmp_path: Path) -> None:
    for name in (name for name in LINES if ".jsonl" in name):
        fifty = Fifty(shared, tmp_path, name)
        whole, _ = fifty.read(fifty.lines)
        turned = [json.dumps(dict(reversed(json.loads(line).items()))).encode() for line in fifty.lines]
        pd.testing.assert_frame_equal(fifty.read(turned)[0], whole)
