"""Sessions and users by ids that hold slashes, as senders write paths and addresses into them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest

import make
from clew.wire.otlp import encode_traces

if TYPE_CHECKING:
    from conftest import Served

IDS = ["a/b", "/a", "a/", "//a//b", "https://chat.example/7?x=1#y", "50%/2F", "é 中/😀", "plain"]


@pytest.mark.parametrize("name", IDS)
def test_any_id_is_opened_and_deleted(served: Served, project: str, name: str) -> None:
    """A session is read under its encoded id, and gone when it or its user is deleted."""
    named = [make.agent(session__id=name), make.agent(user__id=name, session__id="other")]
    headers = {"content-type": "application/json", "x-clew-project": project}
    body = encode_traces(named, "json")
    served.http.post("/v1/traces", content=body, headers=headers).raise_for_status()
    above, written = f"/api/projects/{project}", quote(name, safe="")
    session = served.http.get(f"{above}/sessions/{written}").raise_for_status().json()
    assert session["session_id"] == name
    assert [trace["trace_id"] for trace in session["traces"]] == [named[0].trace_id]
    served.http.delete(f"{above}/sessions/{written}").raise_for_status()
    gone = served.http.get(f"{above}/sessions/{written}")
    assert gone.status_code == httpx.codes.NOT_FOUND
    served.http.delete(f"{above}/users/{written}").raise_for_status()
    assert served.http.get(f"{above}/traces").json()["traces"] == []
