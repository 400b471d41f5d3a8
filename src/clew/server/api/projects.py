"""Projects, their keys, and what this server is: `/api/projects…` and `/api/info`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated, Any, Protocol, TypeAlias, runtime_checkable

import msgspec
from litestar import Request, Router, delete, get, patch, post
from litestar.di import Provide

from clew.records import Records, keys, projects
from clew.server.auth import Access
from clew.server.settings import AuthMode, Settings, is_loopback

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


class ProjectCounts(msgspec.Struct, kw_only=True, frozen=True):
    """What a project holds. `last_span_at` is ISO 8601 in UTC, None where there is no span."""

    span_count: int = 0
    trace_count: int = 0
    last_span_at: str | None = None


@runtime_checkable  # Litestar checks what it hands to a handler
class ProjectSpans(Protocol):
    """The span store, as far as projects ask it."""

    async def counts(self, project: str | None) -> Mapping[str, ProjectCounts]:
        """By project, for one or with None for all; a project without spans may be absent."""
        ...

    async def delete_project(self, project: str) -> None:
        """Remove every span, content, score, log and metric of the project, durably."""
        ...


class ProjectBody(msgspec.Struct, kw_only=True, frozen=True):
    """A project and what it holds."""

    name: str
    created_at: datetime
    retention_days: int | None
    span_count: int
    trace_count: int
    last_span_at: str | None


class ProjectList(msgspec.Struct, kw_only=True, frozen=True):
    """Projects by name."""

    projects: list[ProjectBody]


class NewProject(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A project to be."""

    name: str


class ProjectChange(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`retention_days` None: as long as the server keeps runs by default."""

    retention_days: Annotated[int, msgspec.Meta(ge=1)] | None


class KeyBody(msgspec.Struct, kw_only=True, frozen=True):
    """A key, without its secret."""

    key_id: str
    public_key: str
    name: str
    scopes: tuple[keys.Scope, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyList(msgspec.Struct, kw_only=True, frozen=True):
    """The keys of a project, the revoked ones too."""

    keys: list[KeyBody]


class NewKey(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A key to be."""

    name: Annotated[str, msgspec.Meta(max_length=keys.MAX_NAME_LENGTH)] = ""
    scopes: Annotated[list[keys.Scope], msgspec.Meta(min_length=1)]


class CreatedKey(KeyBody, kw_only=True, frozen=True):
    """A new key with its secret, which is shown this once."""

    secret_key: str


class Info(msgspec.Struct, kw_only=True, frozen=True):
    """What a page or program must know before it asks anything else."""

    version: str
    local: bool
    otlp_http_port: int
    otlp_grpc_port: int
    auth: AuthMode


@get("/info")
async def get_info(settings: Settings) -> Info:
    """Version, ports, and whether keys are demanded. Needs no key."""
    return Info(
        version=version("clew"),
        local=is_loopback(settings.host),
        otlp_http_port=settings.port,
        otlp_grpc_port=settings.grpc_port,
        auth=settings.auth_mode,
    )


@get("/projects")
async def list_projects(
    request: AnyRequest, records: Records, access: Access, project_spans: ProjectSpans
) -> ProjectList:
    """The projects that the key may read: its own, or all with a key of the instance."""
    own = await access.confined_to(request.headers)
    if own is None:
        found = await records.read(projects.list_all)
    else:
        found = [await records.read(projects.get, own)]
    counts = await project_spans.counts(own)
    return ProjectList(projects=[_project_body(project, counts) for project in found])


@post("/projects")
async def create_project(
    request: AnyRequest, data: NewProject, records: Records, access: Access
) -> ProjectBody:
    """Add a project; 409 where the name is taken."""
    await access.admin(request.headers, None)
    project = await records.write(projects.create, data.name, datetime.now(UTC))
    access.forget()
    return _project_body(project, {})


@get("/projects/{project:str}")
async def get_project(
    project: str,
    request: AnyRequest,
    records: Records,
    access: Access,
    project_spans: ProjectSpans,
) -> ProjectBody:
    """One project."""
    await access.read(request.headers, project)
    found = await records.read(projects.get, project)
    return _project_body(found, await project_spans.counts(project))


@patch("/projects/{project:str}")
async def change_project(
    project: str,
    data: ProjectChange,
    request: AnyRequest,
    records: Records,
    access: Access,
    project_spans: ProjectSpans,
) -> ProjectBody:
    """Say how long the project's runs are kept."""
    await access.admin(request.headers, project)
    changed = await records.write(projects.set_retention, project, data.retention_days)
    return _project_body(changed, await project_spans.counts(project))


@delete("/projects/{project:str}")
async def delete_project(
    project: str,
    request: AnyRequest,
    records: Records,
    access: Access,
    project_spans: ProjectSpans,
) -> None:
    """Remove the project with its keys and runs. `default` stays, empty."""
    await access.admin(request.headers, project)
    # The spans first: a crash in between leaves a project that can be deleted again, and not
    # spans that nobody can see or delete.
    await project_spans.delete_project(project)
    await records.write(projects.delete, project, datetime.now(UTC))
    access.forget()


@get("/projects/{project:str}/keys")
async def list_keys(project: str, request: AnyRequest, records: Records, access: Access) -> KeyList:
    """The project's keys, without their secrets."""
    await access.admin(request.headers, project)
    found = await records.read(keys.list_all, project)
    return KeyList(keys=[_key_body(key) for key in found])


@post("/projects/{project:str}/keys")
async def create_key(
    project: str, data: NewKey, request: AnyRequest, records: Records, access: Access
) -> CreatedKey:
    """Make a key. Its secret is in this answer and nowhere else."""
    await access.admin(request.headers, project)
    new = await records.write(keys.create, project, data.name, data.scopes, datetime.now(UTC))
    return msgspec.convert(_key_fields(new.key) | {"secret_key": new.secret_key}, CreatedKey)


@delete("/projects/{project:str}/keys/{key_id:str}")
async def revoke_key(
    project: str, key_id: str, request: AnyRequest, records: Records, access: Access
) -> None:
    """Make a key useless from now on."""
    await access.admin(request.headers, project)
    await records.write(keys.revoke, project, key_id, datetime.now(UTC))
    access.forget()


def router(
    records: Records, access: Access, settings: Settings, project_spans: ProjectSpans
) -> Router:
    """The endpoints of this file, under `/api`, on these parts."""
    parts = {
        "records": records,
        "access": access,
        "settings": settings,
        "project_spans": project_spans,
    }
    return Router(
        path="/api",
        route_handlers=[
            get_info,
            list_projects,
            create_project,
            get_project,
            change_project,
            delete_project,
            list_keys,
            create_key,
            revoke_key,
        ],
        dependencies={name: _provide(part) for name, part in parts.items()},
        tags=["projects"],
    )


def _provide(part: object) -> Provide:
    def give() -> Any:
        return part

    return Provide(give, sync_to_thread=False)


def _project_body(project: projects.Project, counts: Mapping[str, ProjectCounts]) -> ProjectBody:
    held = counts.get(project.name, ProjectCounts())
    return ProjectBody(**msgspec.structs.asdict(project), **msgspec.structs.asdict(held))


def _key_body(key: keys.Key) -> KeyBody:
    return msgspec.convert(_key_fields(key), KeyBody)


def _key_fields(key: keys.Key) -> dict[str, object]:
    return {name: getattr(key, name) for name in KeyBody.__struct_fields__}
