"""`POST /v1/traces/ingest`: what the OpenAI Agents SDK sends where no OpenTelemetry is set up.

`BackendSpanExporter(endpoint="http://127.0.0.1:4318/v1/traces/ingest", api_key="sk-clew-…")`
"""

from __future__ import annotations

import msgspec
from litestar import post

from clew.ingest import ITEM_BYTES, Ingest
from clew.server.api.parameters import AnyRequest
from clew.server.auth import Access
from clew.wire import openai_agents
from clew.wire.body import decompress
from clew.wire.limits import Limits


class Kept(msgspec.Struct, kw_only=True, frozen=True):
    """How many items could not be kept, and why; empty where all were."""

    rejected: int
    messages: list[str]


@post("/v1/traces/ingest", status_code=200, tags=["ingest"])
async def ingest_agents(
    request: AnyRequest, access: Access, ingest: Ingest, limits: Limits
) -> Kept:
    """Store traces and spans; they are durable when this answers."""
    project = await access.ingest_project(request.headers, {})
    with ingest.holding() as hold:
        body = await request.body()
        hold(len(body))
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            body = decompress(body, encoding, limits.body_bytes)
            hold(len(body))
        decoded = await ingest.aside(openai_agents.decode, body, limits)
        hold(ITEM_BYTES * len(decoded.spans))
        if decoded.rejected or decoded.messages:
            ingest.reject(project, decoded.rejected, decoded.messages)
        await ingest.submit(project, spans=decoded.spans)
    return Kept(rejected=decoded.rejected, messages=decoded.messages)


openai_agents_routes = [ingest_agents]
