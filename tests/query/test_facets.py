"""Facets: values of what matches, with counts that a click on them gives."""

from __future__ import annotations

import pytest

import make
from clew import filter as filters
from clew.errors import BadInput
from clew.ingest import Ingest
from clew.query.facets import FIELDS, Facet, Question, list_facets
from clew.query.traces import list_runs
from clew.query.walk import Listing
from clew.store.embedded import EmbeddedEngine

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(ingest: Ingest, project: str) -> str:
    """Two runs of a planner, of which one failed, and one of a clerk that goes on."""
    good = make.agent("planner", user__id="ann", tag__tags=["beta", "vip"])
    bad = make.agent("planner", user__id="bob", error="broke", error__type="KeyError")
    runs = make.agent("clerk", user__id="ann", seconds=None)
    calls = [make.llm(parent=good), make.llm(parent=good), make.llm(parent=bad)]
    calls[2].attributes["gen_ai.request.model"] = "gpt-4"
    tools = [make.tool("search", parent=good), make.tool("search", parent=runs)]
    await make.store(ingest, project, good, bad, runs, *calls, *tools)
    return project


def counts(facets: list[Facet]) -> dict[str, dict[str, int]]:
    """What the facets say, in their order."""
    return {facet.field: {one.value: one.count for one in facet.values} for facet in facets}


async def ask(
    engine: EmbeddedEngine, project: str, *fields: str, text: str = "", of: str = "runs"
) -> dict[str, dict[str, int]]:
    """The facets of what a filter lets through."""
    question = Question(of, fields, filters.parse(text))  # type: ignore[arg-type]
    return counts(await list_facets(engine, project, question))


async def test_values_are_counted_by_runs(engine: EmbeddedEngine, desk: str) -> None:
    """A value counts once a run, however many spans have it; a run that goes on is running."""
    assert await ask(engine, desk, "outcome", "agent", "model", "tool", "user", "error") == {
        "outcome": {"error": 1, "running": 1, "success": 1},
        "agent": {"planner": 2, "clerk": 1},
        "model": {"gpt-4": 1, "gpt-5": 1},
        "tool": {"search": 2},
        "user": {"ann": 2, "bob": 1},
        "error": {"KeyError": 1},
    }


async def test_filter_narrows_all_but_its_own_field(engine: EmbeddedEngine, desk: str) -> None:
    """Else the value that was chosen would stand alone, and no other could be."""
    found = await ask(engine, desk, "agent", "user", text="agent:planner")
    assert found == {"agent": {"planner": 2, "clerk": 1}, "user": {"ann": 1, "bob": 1}}
    found = await ask(engine, desk, "outcome", "user", text="-is:running user:ann")
    assert found == {"outcome": {"running": 1, "success": 1}, "user": {"ann": 1, "bob": 1}}


async def test_count_is_what_a_click_finds(engine: EmbeddedEngine, desk: str) -> None:
    """For each value of each field of runs, the filter finds as many runs as the facet says."""
    for field, values in (await ask(engine, desk, *FIELDS["runs"])).items():
        for value, count in values.items():
            text = "is:running" if value == "running" else f'{field}:"{value}"'
            page = await list_runs(engine, desk, Listing(filters.parse(text)))
            assert len(page.items) == count, text


async def test_spans_have_facets_too(engine: EmbeddedEngine, desk: str) -> None:
    """Counted by spans that match themselves."""
    assert await ask(engine, desk, "kind", "model", of="spans", text="kind:llm,tool") == {
        "kind": {"agent": 3, "llm": 3, "tool": 2},
        "model": {"gpt-5": 2, "gpt-4": 1},
    }


async def test_nothing_has_empty_facets(engine: EmbeddedEngine, project: str) -> None:
    """A project without spans answers for every field that was asked."""
    assert await ask(engine, project, "outcome", "tag") == {"outcome": {}, "tag": {}}


async def test_other_fields_are_refused(engine: EmbeddedEngine, desk: str) -> None:
    """With the ones there are."""
    with pytest.raises(BadInput, match="no facet 'cost': expected one of outcome, status"):
        await ask(engine, desk, "cost")
