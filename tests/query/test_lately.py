"""What lists remember: nothing that has changed, and hints that needn't be right."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from clew.ingest import Ingest
from clew.query.lately import REMEMBERED_RUNS, Lately
from clew.query.runs import Run, SpanRow, sum_up_rows
from clew.query.times import HOUR_NS
from clew.query.traces import list_runs
from clew.query.walk import Listing
from clew.store.engine import Engine

pytestmark = pytest.mark.anyio

IDS = ("a", "b", "c")


def read(trace_id: str, version: int = 0) -> Run:
    """A run of one span, which was named after its version."""
    row = SpanRow(trace_id, "s", "", version, 0, 1, f"v{version}", "ok", 1, 0, "{}")
    [run] = sum_up_rows([row])
    return run


@dataclass
class Store:
    """A store that others write to while somebody reads: the versions of its runs, and reads that
    have begun with the versions that they saw."""

    lately: Lately = field(default_factory=lambda: Lately(told=True))
    versions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(IDS, 0))

    def write(self, trace_id: str) -> None:
        """Store a newer version, and tell of it."""
        self.versions[trace_id] += 1
        self.lately.changed("p", {trace_id})

    def names(self) -> dict[str, str]:
        """What the runs that are remembered are called."""
        found = self.lately.runs("p", IDS)
        return {trace_id: run.trace.name for trace_id, run in found.items()}


@given(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=20))
def test_no_run_is_remembered_as_it_was_before(steps: list[tuple[str, str]]) -> None:
    """Whatever is written between a read's start and its end: what is remembered is what is
    stored."""
    store = Store()
    for seen, written in steps:
        with store.lately.reading("p") as keep:
            found = read(seen, store.versions[seen])
            store.write(written)
            keep([found])
        assert all(name == f"v{store.versions[of]}" for of, name in store.names().items())
        assert (seen in store.names()) == (seen != written)


def test_runs_of_others_stay() -> None:
    """A change without ids forgets the project's runs, and those that are being read."""
    lately = Lately(told=True)
    with lately.reading("p") as keep, lately.reading("q") as keep_other:
        keep([read("a")])
        lately.changed("p", set())
        keep([read("b")])
        keep_other([read("a")])
    assert lately.runs("p", IDS) == {}
    assert list(lately.runs("q", IDS)) == ["a"]


def test_nothing_is_remembered_where_nobody_tells() -> None:
    """Another server may write to the store as well."""
    lately = Lately()
    with lately.reading("p") as keep:
        keep([read("a")])
    assert lately.runs("p", IDS) == {}


def test_what_was_not_asked_for_goes_first() -> None:
    """There are as many runs as fit, the ones asked for last."""
    lately = Lately(told=True)
    ids = [str(number) for number in range(REMEMBERED_RUNS)]
    with lately.reading("p") as keep:
        keep([read(trace_id) for trace_id in ids])
        lately.runs("p", ids[:1])
        keep([read("new")])
    assert sorted(lately.runs("p", [*ids[:2], "new"])) == ["0", "new"]


@pytest.mark.parametrize("hint_ns", [0, make.T0, make.T0 + 5 * HOUR_NS, make.T0 + 90 * HOUR_NS])
@pytest.mark.parametrize("limit", [1, 50])
async def test_a_wrong_hint_hides_nothing(
    engine: Engine, ingest: Ingest, project: str, hint_ns: int, limit: int
) -> None:
    """Wherever the newest run is thought to be, the pages have them all, newest first."""
    starts = [make.T0 + hours * HOUR_NS for hours in (72, 9, 3, 0)]
    runs = [make.agent(start_ns=at) for at in starts]
    await make.store(ingest, project, *runs)
    lately = Lately(told=True)
    lately.note_newest(project, hint_ns)
    found: list[str] = []
    listing = Listing(limit=limit)
    while True:
        page = await list_runs(engine, project, listing, lately)
        found += [run.trace.trace_id for run in page.items]
        if page.next_cursor is None:
            break
        listing = listing._replace(cursor=page.next_cursor)
    assert found == [run.trace_id for run in runs]
    assert lately.newest_ns(project) == starts[0]
