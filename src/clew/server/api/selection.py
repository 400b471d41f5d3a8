"""What is done with several runs at once: tags, a file of them, deletion."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec
from litestar import Request, Response, post

from clew import filter as filters
from clew.errors import BadInput
from clew.ingest import Ingest
from clew.query.export import MOST_RUNS, Format, export_runs, matching_ids
from clew.query.walk import Listing
from clew.score import tag
from clew.server.api.parameters import read_range
from clew.server.auth import Access
from clew.store import deletion
from clew.store.engine import Engine

AnyRequest: TypeAlias = "Request[Any, Any, Any]"
TraceIds: TypeAlias = Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_RUNS)]
Tag: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Tags: TypeAlias = Annotated[list[Tag], msgspec.Meta(max_length=50)]

_MEDIA: dict[Format, str] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


class TagChange(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Tags to give to some runs and to take away. Those that senders gave stay."""

    trace_ids: TraceIds
    add: Tags = []
    remove: Tags = []


class RunExport(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which runs: those with the ids, or the first of those that match, in the order of the
    list."""

    format: Format
    trace_ids: TraceIds | None = None
    filter: str = ""
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    order: str = "start_time"
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_RUNS)] = MOST_RUNS


class Doomed(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Runs to delete."""

    trace_ids: TraceIds


@post("/api/projects/{project:str}/tags", status_code=204, tags=["selection"])
async def change_tags(
    project: str, data: TagChange, request: AnyRequest, access: Access, ingest: Ingest
) -> None:
    """Give tags to runs by hand, or take such tags away; filters find them from now on."""
    await access.ingest(request.headers, project)
    added, removed = (_clean(texts) for texts in (data.add, data.remove))
    if added & removed:
        raise BadInput(f"both added and removed: {', '.join(sorted(added & removed))}")
    changes = [(text, text in added) for text in sorted(added | removed)]
    scores = [tag(id_, text, on=on) for id_ in data.trace_ids for text, on in changes]
    await ingest.submit(project, scores=scores)


@post("/api/projects/{project:str}/traces/export", status_code=200, tags=["selection"])
async def export_list(
    project: str, data: RunExport, request: AnyRequest, access: Access, engine: Engine
) -> Response[bytes]:
    """Runs as a file, a row each, with the columns of the list."""
    await access.read(request.headers, project)
    trace_ids = data.trace_ids
    if trace_ids is None:
        range_ = read_range(data.from_, data.to)
        listing = Listing(filters.parse(data.filter), range_, data.order, data.limit)
        trace_ids = await matching_ids(engine, project, listing)
    body = await export_runs(engine, project, trace_ids, data.format)
    disposition = f'attachment; filename="runs.{data.format}"'
    return Response(
        body, media_type=_MEDIA[data.format], headers={"Content-Disposition": disposition}
    )


@post("/api/projects/{project:str}/traces/delete", status_code=204, tags=["deletion"])
async def delete_list(
    project: str,
    data: Doomed,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    ingest: Ingest,
) -> None:
    """Remove runs with their contents, logs and scores. One that isn't there is no error."""
    await access.admin(request.headers, project)
    async with ingest.paused(project, set(data.trace_ids)):
        await deletion.delete_traces(engine, project, data.trace_ids)


def _clean(texts: Tags) -> set[str]:
    """Tags without the white space around them. Raises BadInput where nothing is left."""
    cleaned = {" ".join(text.split()) for text in texts}
    if "" in cleaned:
        raise BadInput("a tag needs a character that isn't white space")
    return cleaned


selection_routes = [change_tags, export_list, delete_list]
