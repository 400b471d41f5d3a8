"""Scores sent to us: `POST /api/projects/{project}/scores`."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from litestar import Request, post

from clew.errors import BadInput
from clew.ingest import Ingest
from clew.score import Score
from clew.server.auth import Access

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


class NewScore(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A score to be. Without `score_id` each sending makes a new one."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    score_id: str = ""
    data_type: Literal["number", "category", "boolean", "text"] | None = None
    value: float | bool | None = None
    label: str = ""
    comment: str = ""
    source: Literal["sdk", "user", "person", "code", "model"] = "sdk"
    author: str = ""
    evaluator: str = ""
    trace_id: str = ""
    span_id: str = ""
    session_id: str = ""
    time_ns: int = 0
    metadata: dict[str, str] = {}


class NewScores(msgspec.Struct, kw_only=True, frozen=True):
    """Scores of any traces and sessions of one project."""

    scores: Annotated[list[NewScore], msgspec.Meta(max_length=10_000)]


class Accepted(msgspec.Struct, kw_only=True, frozen=True):
    """How many are durable."""

    accepted: int


@post("/api/projects/{project:str}/scores", status_code=200, tags=["scores"])
async def create_scores(
    project: str, data: NewScores, request: AnyRequest, access: Access, ingest: Ingest
) -> Accepted:
    """Store scores; one with the same `score_id` replaces the earlier one. May come before what
    they judge."""
    await access.ingest(request.headers, project)
    scores = [_score(new, index) for index, new in enumerate(data.scores)]
    await ingest.submit(project, scores=scores)
    return Accepted(accepted=len(scores))


def _score(new: NewScore, index: int) -> Score:
    if not (new.trace_id or new.session_id):
        raise BadInput(f"scores[{index}]: give trace_id (and span_id) or session_id")
    if new.value is None and not new.label:
        raise BadInput(f"scores[{index}]: give a value or a label")
    boolean = isinstance(new.value, bool)
    kind = new.data_type or (
        "boolean" if boolean else "category" if new.value is None else "number"
    )
    return Score(
        score_id=new.score_id or uuid.uuid4().hex,
        name=new.name,
        data_type=kind,
        value=None if new.value is None else float(new.value),
        label=new.label or (str(new.value).lower() if boolean else ""),
        comment=new.comment,
        source=new.source,
        author=new.author,
        evaluator=new.evaluator,
        trace_id=new.trace_id,
        span_id=new.span_id,
        session_id=new.session_id,
        time_ns=new.time_ns or time.time_ns(),
        metadata=new.metadata,
    )


score_routes = [create_scores]
