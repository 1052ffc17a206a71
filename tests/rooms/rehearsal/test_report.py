"""The report: whole, self-contained, and honest about what was missed."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from tests.rooms.rehearsal.honest import CLEAN, played
from ticketing.rehearsal import report
from ticketing.rehearsal.machine import Meter
from ticketing.rehearsal.verdict import Targets, judge

_VOID = {"meta", "line", "circle", "polyline", "polygon", "br"}


class Balance(HTMLParser):
    """Finds tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a beginning"
        assert self.open.pop() == tag


def meter() -> Meter:
    made = Meter({})
    made.samples["API 1"] = [(float(n), 0.5, 100 * 2**20) for n in range(-5, 20)]
    return made


def test_the_page_is_whole_and_needs_nothing_else() -> None:
    run = played()
    page = report.page(run, meter(), judge(run, Targets(cap=2), CLEAN), {"accounts": "<made> & up"})
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert "svg" in balance.seen
    assert not balance.seen & {"script", "link", "img", "iframe"}
    assert not re.search(r"https?://|url\(|@import", page)
    assert "&lt;made&gt; &amp; up" in page
    assert "all promises kept" in page


def test_a_missed_promise_is_on_the_page_and_in_the_document() -> None:
    run = played()
    run.record.history.visits.append((2.0, 3.0))
    run.record.surprised("claim", "after 200: KeyError('pass')")
    verdict = judge(run, Targets(cap=2), CLEAN)
    assert "KeyError(&#x27;pass&#x27;)" in report.page(run, meter(), verdict, {})
    assert "promises missed" in report.page(run, meter(), verdict, {})
    document = json.loads(json.dumps(report.document(run, meter(), verdict, {})))
    assert document["passed"] is False
    (cap,) = [criterion for criterion in document["criteria"] if criterion["name"] == "cap"]
    assert (cap["value"], cap["passed"]) == (3, False)


def test_figures_are_those_of_the_run() -> None:
    run = played()
    document = report.document(run, meter(), judge(run, Targets(cap=2), CLEAN), {})
    assert document["orders"] == {"accepted": 2, "ticketed": 1}
    assert document["sold_out_seconds"] == 5.0
    assert (document["last_ticketed_seconds"], document["last_final_seconds"]) == (5.0, 5.5)
    assert document["generator"] == {"busiest": 0.3, "busiest_together": 0.3, "late_p99_ms": 1.0}
    assert document["steps"]["hold, chosen"]["count"] == 1000
    assert 4.9 < document["steps"]["hold, chosen"]["p50_ms"] < 5.3
    assert document["processes"]["API 1"] == {"cpu_seconds": 12.5, "busiest_cores": 0.5, "memory_bytes": 100 * 2**20}
