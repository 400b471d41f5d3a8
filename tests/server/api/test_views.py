"""Saved views over HTTP."""

from __future__ import annotations

import make
from clew.wire.otlp import encode_traces
from conftest import Served

SLOW = {"filter": "duration>10s", "from": "now-7d", "order": "duration"}


def test_view_is_saved_changed_and_removed(served: Served, project: str) -> None:
    """What it shows comes back in the words of the list's address."""
    headers = {"content-type": "application/x-protobuf", "x-clew-project": project}
    served.http.post("/v1/traces", content=encode_traces([make.agent()]), headers=headers)
    place = f"/api/projects/{project}/views"
    made = served.http.post(place, json={"name": "Slow", "shows": SLOW})
    assert made.status_code == 201, made.text
    view = made.json()
    assert (view["of"], view["shows"]) == ("runs", SLOW)
    assert served.http.get(place).json() == {"views": [view]}
    own = f"{place}/{view['view_id']}"
    changed = served.http.patch(own, json={"name": "Slowest"}).json()
    assert (changed["name"], changed["shows"]) == ("Slowest", SLOW)
    assert served.http.delete(own).status_code == 204
    assert served.http.get(own).status_code == 404


def test_filter_of_a_view_has_to_parse(served: Served) -> None:
    """Else everyone would meet the mistake later."""
    asked = {"name": "Wrong", "shows": {"filter": "modle:x"}}
    answer = served.http.post("/api/projects/default/views", json=asked)
    assert answer.status_code == 400
    assert answer.json()["error"]["position"] == 0
