"""The run that the page is measured with."""

from __future__ import annotations

from collections import Counter

import page
from clew.wire.normalize import normalize

NOW_NS = 1_795_442_531_000_000_000


def test_large_run_is_one_tree_of_agents_calls_and_tools() -> None:
    """As many spans as asked for, each below one that is there, over before now."""
    spans = page.large_run(1_000, NOW_NS)
    assert len(spans) == 1_000
    known = {span.span_id for span in spans}
    assert len(known) == 1_000
    assert [span.parent_id for span in spans if span.parent_id not in known] == [""]
    assert all(span.start_ns < (span.end_ns or 0) <= NOW_NS for span in spans)
    kinds = Counter(normalize(span).kind for span in spans)
    assert set(kinds) == {"agent", "llm", "tool"}
    assert min(kinds.values()) >= 10


def test_large_run_follows_from_its_size() -> None:
    """Two measurements move through the same run."""
    assert page.large_run(200, NOW_NS) == page.large_run(200, NOW_NS)
