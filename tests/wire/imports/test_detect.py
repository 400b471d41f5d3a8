"""Formats: told apart, named, and what all of them promise."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from clew.errors import BadInput
from clew.wire.imports import FORMATS, Record, detect, named, total
from wire.imports.reading import FILES

EXPECTED = {
    "chat.jsonl": "chat",
    "claude_code.jsonl": "claude-code",
    "swe_agent.traj": "swe-agent",
    "tau2.json": "tau2",
    "tau_bench.json": "tau-bench",
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_a_file_tells_its_format(name: str, expected: str) -> None:
    """By its first bytes."""
    assert detect(FILES / name).name == expected


@pytest.mark.parametrize(
    "body", [b"", b"\n\n\n{", b"text", b"[]", b'{"a": 1}', b"\x0a\x0a\x0a", bytes(9)]
)
def test_another_file_is_refused_with_the_formats_there_are(tmp_path: Path, body: bytes) -> None:
    """So that the reader knows what could have been meant."""
    path = tmp_path / "file"
    path.write_bytes(body)
    with pytest.raises(BadInput, match=r"no known format.*tau2-bench results.*--format"):
        detect(path)


def test_a_format_has_a_name() -> None:
    """An unknown one is refused with the names."""
    assert [named(known.name) for known in FORMATS] == list(FORMATS)
    with pytest.raises(BadInput, match=r"no format 'csv'.*swe-agent"):
        named("csv")


@pytest.mark.parametrize("name", EXPECTED)
def test_reading_twice_gives_the_same_records(name: str) -> None:
    """Ids and times come from the file."""
    path = FILES / name
    assert list(detect(path).read(path)) == list(detect(path).read(path))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_packed_file_gives_the_same_runs(tmp_path: Path, name: str) -> None:
    """Positions count the packed bytes."""
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress((FILES / name).read_bytes()))
    plain = [r for r in detect(FILES / name).read(FILES / name) if isinstance(r, Record)]
    found = [r for r in detect(packed).read(packed) if isinstance(r, Record)]
    assert [(r.name, len(r.spans)) for r in found] == [(r.name, len(r.spans)) for r in plain]
    assert [s.span_id for r in found for s in r.spans] == [
        s.span_id for r in plain for s in r.spans
    ]
    assert all(record.position <= total(packed) for record in found)


def test_a_packed_file_that_breaks_off_is_a_sentence(tmp_path: Path) -> None:
    """Not a traceback."""
    packed = tmp_path / "results.json.gz"
    packed.write_bytes(gzip.compress((FILES / "tau2.json").read_bytes())[:200])
    with pytest.raises(BadInput, match="can't be read"):
        list(named("tau2").read(packed))
