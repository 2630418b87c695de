"""Adobe Analytics: a real delivery of twenty obfuscated hits, and small deliveries with what those do not hold."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import events_to_parquet, read_events
from tests.exports import balanced, cut_short, gzip_cut_short, with_bad_lines

FOLDER = "data/vendor_fixtures/adobe_data_feed/"
MANIFEST = "suiteid_2015-12-29.txt"
LOOKUPS = "suiteid_2015-12-29-lookup_data.tar.gz"
FIRST = "01-suiteid_2015-12-29.tsv.gz"

HIT = {
    "hit_time_gmt": "1423556960", "post_visid_high": "12", "post_visid_low": "34", "visid_high": "1", "visid_low": "2",
    "post_cust_visid": "", "visit_num": "3", "visit_page_num": "4", "post_pagename": "cart",
    "post_page_url": "https://x.org/shop/cart?a", "post_event_list": "2,12", "post_product_list": "", "exclude_hit": "0",
    "hit_source": "1", "duplicate_purchase": "0", "post_page_event": "0", "post_page_event_var2": "", "ref_type": "3",
    "mobile_id": "0", "va_closer_id": "5",
}  # fmt: skip


def _packed(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def _lookups(header: list[str]) -> dict[str, bytes]:
    return {
        "column_headers.tsv": ("\t".join(header) + "\n").encode(),
        "event.tsv": b"1\tPurchase\n2\tProduct View\n12\tCart Add\n200\tNewsletter\n",
    }


def _delivery(folder: Path, hits: list[dict[str, str]], header: list[str] | None = None) -> Path:
    """A delivery without manifest: hits, and lookups beside them."""
    header = header or list(HIT)
    (folder / "s_2024-05-01-lookup_data.tar.gz").write_bytes(_packed(_lookups(header)))
    rows = "".join("\t".join(hit[name] for name in header) + "\n" for hit in hits)
    (folder / "01-s_2024-05-01.tsv.gz").write_bytes(gzip.compress(rows.encode()))
    return folder / "01-s_2024-05-01.tsv.gz"


def _manifest(folder: Path, files: dict[str, int], lookup: str = "s_2024-05-01-lookup_data.tar.gz") -> Path:
    text = f"Datafeed-Manifest-Version: 1.0\nLookup-Files: 1\n\nLookup-File: {lookup}\n"
    for name, count in files.items():
        there = folder / name
        digest = hashlib.md5(there.read_bytes()).hexdigest() if there.is_file() else "0"
        text += f"\nData-File: {name}\nMD5-Digest: {digest}\nRecord-Count: {count}\n"
    (folder / "s_2024-05-01.txt").write_text(text)
    return folder / "s_2024-05-01.txt"


def test_a_manifest_reads_its_files_and_says_what_does_not_fit(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / MANIFEST, format="adobe")
    assert (report.n_read, report.n_kept, report.n_dropped) == (20, 20, 0)
    row = events.iloc[0]
    assert row["customer_id"] == "35626349.2274367719"
    assert row["event_time"] == pd.Timestamp("2015-02-10T08:29:20Z")
    assert row["touchpoint"] == "sample: :sample a: sample: none"
    assert row["session_id"] == "35626349.2274367719.2"
    assert (row["channel"], row["device"]) == ("Typed/Bookmarked", "desktop")
    assert events.loc[3, "events"].startswith(
        "Custom Event 1, Product View, Custom Event 5, Custom Event 13, Instance of"
    )
    assert events["order"].tolist()[2:10] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert events["value"].isna().all()
    assert len([note for note in report.notes if "its MD5 digest differs" in note]) == 2
    assert any("byte for byte" in note for note in report.notes)
    assert any("lack their last field (zip)" in note for note in report.notes)


def test_one_file_of_hits_finds_its_lookups(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / FIRST, format="adobe")
    whole, _ = read_events(shared / FOLDER / MANIFEST, format="adobe")
    assert (report.n_read, report.n_kept) == (10, 10)
    pd.testing.assert_frame_equal(events, whole[:10])
    with_header, report = read_events(shared / FOLDER / "sample.tsv.csv", format="adobe", pages="path")
    assert (report.n_read, report.n_kept) == (10, 10)
    assert set(with_header["touchpoint"]) == {"/javase/specs/jls/se7/html/jls-4.html"}


def test_lookups_alone_are_no_hits(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"archive without hit_data\.tsv; name the manifest"):
        read_events(shared / FOLDER / LOOKUPS, format="adobe")
    shutil.copy(shared / FOLDER / FIRST, tmp_path / FIRST)
    with pytest.raises(DataError, match=r"has no headers.*lookup_data\.tar\.gz"):
        read_events(tmp_path / FIRST, format="adobe")


def test_one_archive_with_everything(tmp_path: Path) -> None:
    hits = "".join("\t".join(HIT.values()) + "\n" for _ in range(3)).encode()
    members = {"./" + name: data for name, data in _lookups(list(HIT)).items()} | {"hit_data.tsv": hits}
    (tmp_path / "x.tar.gz").write_bytes(_packed(members))
    events, report = read_events(tmp_path / "x.tar.gz", format="adobe")
    assert (report.n_read, report.n_kept) == (3, 3)
    assert events.loc[0, ["customer_id", "touchpoint", "channel"]].tolist() == ["12.34", "cart", "Search Engines"]
    assert sorted(item.name for item in tmp_path.iterdir()) == ["x.tar.gz"]


def test_members_outside_of_the_archive_are_ignored(tmp_path: Path) -> None:
    path = _delivery(tmp_path, [HIT])
    evil = {"../column_headers.tsv": b"evil\n", "/event.tsv": b"2\tevil\n"}
    (tmp_path / "s_2024-05-01-lookup_data.tar.gz").write_bytes(_packed(evil | _lookups(list(HIT))))
    events, report = read_events(path, format="adobe")
    assert events.loc[0, "events"] == "Product View, Cart Add"
    assert any("path outside of the archive was ignored" in note for note in report.notes)
    assert not (tmp_path.parent / "column_headers.tsv").exists()


def test_a_lookup_of_no_sane_size_is_ignored(tmp_path: Path) -> None:
    path = _delivery(tmp_path, [HIT])
    huge = _lookups(list(HIT)) | {"event.tsv": b"\0" * (16 * 1024**2 + 1)}
    (tmp_path / "s_2024-05-01-lookup_data.tar.gz").write_bytes(_packed(huge))
    events, report = read_events(path, format="adobe")
    assert events.loc[0, "events"] == "Product View, Cart Add"
    assert any("larger than any lookup" in note for note in report.notes)


def test_a_manifest_may_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    _delivery(tmp_path, [HIT])
    for name in ("../secret.tsv", "/etc/passwd", "..\\x"):
        with pytest.raises(DataError, match="which is not in its folder"):
            read_events(_manifest(tmp_path, {name: 1}), format="adobe")
    (tmp_path / "empty.txt").write_text("Datafeed-Manifest-Version: 1.0\nData-Files: 2\n")
    with pytest.raises(DataError, match="names no Data-File"):
        read_events(tmp_path / "empty.txt", format="adobe")


def test_hits_that_the_manifest_counts_and_that_are_not_there(tmp_path: Path) -> None:
    name = _delivery(tmp_path, [HIT] * 4).name
    _, report = read_events(_manifest(tmp_path, {name: 6, "02-gone.tsv.gz": 5}), format="adobe")
    assert (report.n_read, report.n_kept) == (11, 4)
    assert [(loss.reason, loss.n) for loss in report.dropped] == [
        ("that the manifest counts and the files do not hold", 7)
    ]
    assert "02-gone.tsv.gz is named by the manifest and is not there" in report.notes


def test_hits_that_adobe_does_not_report_are_lost(tmp_path: Path) -> None:
    hits = [HIT, {**HIT, "exclude_hit": "1"}, *({**HIT, "hit_source": source} for source in "5789")]
    hits += [{**HIT, "hit_time_gmt": "soon"}, {**HIT, "hit_time_gmt": "0"}]
    hits += [{**HIT, **dict.fromkeys(("post_visid_high", "post_visid_low", "visid_high", "visid_low"), "0")}]
    _, report = read_events(_delivery(tmp_path, hits), format="adobe")
    assert [(loss.reason, loss.n) for loss in report.dropped] == [
        ("that Adobe excludes (exclude_hit)", 1),
        ("that Adobe does not report (hit_source 5, 7, 8 or 9)", 4),
        ("with no hit_time_gmt that is a time", 2),
        ("without visid_high and visid_low or cust_visid", 1),
    ]


def test_a_purchase_is_worth_its_products(tmp_path: Path) -> None:
    buy = {**HIT, "post_event_list": "1,200=3", "post_product_list": "a;x^;y;2;19.90;,b;z^,z;1;0.1;201=7,;q;1;;"}
    hits = [buy, {**buy, "duplicate_purchase": "1"}, {**buy, "post_event_list": "12"}]
    events, _ = read_events(_delivery(tmp_path, hits), format="adobe")
    assert events.loc[0, "value"] == pytest.approx(20.0)
    assert events["value"].isna().tolist() == [False, True, True]
    assert events["events"].tolist() == ["Purchase, Newsletter", "Purchase, Newsletter", "Cart Add"]


def test_logins_links_and_names_of_pages(tmp_path: Path) -> None:
    link = {**HIT, "post_page_event": "100", "post_page_event_var2": "Chat", "post_cust_visid": "ada", "mobile_id": "7"}
    path = _delivery(tmp_path, [link, {**HIT, "post_pagename": ""}, {**HIT, "post_page_event": "31"}])
    events, _ = read_events(path, format="adobe")
    assert events["touchpoint"].tolist() == ["link: Chat", "/shop/cart", "page event 31"]
    assert events["customer_id"].tolist() == ["ada", "12.34", "12.34"]
    assert events["device"].tolist() == ["mobile", "desktop", "desktop"]
    assert read_events(path, format="adobe", pages="event")[0].loc[1, "touchpoint"] == "page view"


def test_escaped_signs_are_a_part_of_the_value(tmp_path: Path) -> None:
    hits = [{**HIT, "post_pagename": "a\\\tb\\\\"}, {**HIT, "post_pagename": "two\\\nlines"}, HIT]
    events, report = read_events(_delivery(tmp_path, hits), format="adobe")
    assert (report.n_read, report.n_dropped) == (3, 0)
    assert events["touchpoint"].tolist() == ["a\tb\\", "two\nlines", "cart"]


def test_damage_loses_only_what_is_damaged(tmp_path: Path) -> None:
    hits = [{**HIT, "post_pagename": f"page {number}"} for number in range(50)]
    path = _delivery(tmp_path, hits)
    copies = tmp_path / "b"
    copies.mkdir()
    shutil.copy(tmp_path / "s_2024-05-01-lookup_data.tar.gz", copies)
    assert balanced(with_bad_lines(path, copies, (0, 30)), "adobe") == (48, 2)
    assert balanced(cut_short(path, copies), "adobe")[1] == 1
    kept, dropped = balanced(gzip_cut_short(path, copies, 0.8), "adobe")
    assert kept > 0
    assert dropped <= 1
    a_field_less = gzip.decompress(path.read_bytes()).split(b"\n")
    a_field_less[3] = a_field_less[3].replace(b"\t12\t", b"\t", 1)
    (copies / "01-s_2024-05-01.tsv").write_bytes(b"\n".join(a_field_less))
    assert balanced(copies / "01-s_2024-05-01.tsv", "adobe") == (49, 1)


def test_columns_in_another_order_and_columns_that_are_missing(tmp_path: Path) -> None:
    first, _ = read_events(_delivery(tmp_path, [HIT]), format="adobe")
    shuffled, _ = read_events(_delivery(tmp_path, [HIT], sorted(HIT)), format="adobe")
    pd.testing.assert_frame_equal(first, shuffled)
    with pytest.raises(DataError, match="no column hit_time_gmt; add it to the feed"):
        read_events(_delivery(tmp_path, [HIT], ["visid_high", "visid_low"]), format="adobe")
    with pytest.raises(DataError, match="no columns 'post_visid_high', 'post_visid_low'"):
        read_events(_delivery(tmp_path, [HIT], ["hit_time_gmt", "visit_num"]), format="adobe")


def test_an_archive_of_lookups_cut_short(tmp_path: Path) -> None:
    path = _delivery(tmp_path, [HIT])
    archive = tmp_path / "s_2024-05-01-lookup_data.tar.gz"
    archive.write_bytes(archive.read_bytes()[:40])
    with pytest.raises(DataError, match=r"no column_headers\.tsv"):
        read_events(path, format="adobe")


def test_the_same_table_without_holding_it(shared: Path, tmp_path: Path) -> None:
    events, report = read_events(shared / FOLDER / FIRST, format="adobe")
    assert events_to_parquet(shared / FOLDER / FIRST, tmp_path / "events.parquet", "adobe") == report
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)
