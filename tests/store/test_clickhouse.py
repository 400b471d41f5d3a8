"""What is a ClickHouse server's own: it is far away, it may be gone, and it may be many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

import clickhouse_front
from clew.errors import StartupError, StoreError
from clew.store.address import parse_address
from clew.store.clickhouse import ClickHouseEngine
from clew.store.deletion import ALL, delete_traces
from clew.store.engine import NETWORK_ERROR, Batch, Engine
from clew.store.layout import Layout
from clew.store.migrate import migrate, script
from clew.store.spans import encode_row
from clickhouse_server import Server, front, open_engine
from conftest import free_port

pytestmark = pytest.mark.anyio

COLUMNS = ("project", "trace_id", "session_id", "score_id", "version", "value", "metadata")
SECRET = "hush-hush"


def rows(project: str, count: int = 1) -> bytes:
    """Scores of one run."""
    return b"".join(
        encode_row([project, "t", "", f"s{number}", 1, 0.5, {}]) for number in range(count)
    )


async def count(engine: Engine, project: str, source: str = "scores") -> int:
    """How many rows of a project are stored."""
    asked = f"SELECT count() AS n FROM {source} WHERE project = {{p:String}}"  # noqa: S608 - ours
    body = await engine.query(asked, {"p": project})
    return int(msgspec.json.decode(body)["n"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the front below."""
    return tmp_path_factory.mktemp("front")


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    """A front whose answers a test may lose."""
    with front(place) as server:
        yield server


@pytest.fixture(scope="module")
def kept(server: Server) -> Iterator[ClickHouseEngine]:
    """An engine on the front, its database empty."""
    with open_engine(server) as engine:
        yield engine


def refusal(url: str, cluster: str = "") -> str:
    """What is said of a server that can't be used."""
    with pytest.raises(StartupError) as raised:
        ClickHouseEngine(parse_address(url), cluster)
    return raised.value.message


def test_a_server_that_is_not_there_is_named() -> None:
    """The sentence says where it was looked for and what to do."""
    said = refusal(f"http://me:{SECRET}@127.0.0.1:{free_port()}/clew")
    assert re.fullmatch(
        r"the ClickHouse server at http://127\.0\.0\.1:\d+/clew can't be reached"
        r" \(connection refused\): start it, or correct --clickhouse-url",
        said,
    )


def test_a_wrong_password_is_named(server: Server) -> None:
    """The user is told, the password isn't repeated."""
    port = server.url.rpartition(":")[2]
    said = refusal(f"http://tester:{SECRET}@127.0.0.1:{port}/clew")
    assert "doesn't let in the user 'tester'" in said
    assert SECRET not in said


def test_an_old_server_is_refused(tmp_path: Path) -> None:
    """A version without text indexes is told apart before a table is made."""
    with front(tmp_path, CLICKHOUSE_FRONT_VERSION="25.8.3.66") as old:
        assert "is version 25.8.3.66: Clew needs 26.2 or newer" in refusal(old.at("clew"))


def test_an_unknown_cluster_is_named(server: Server) -> None:
    """It is looked for before anything is made."""
    said = refusal(server.at("clew"), "nowhere")
    assert "knows no cluster 'nowhere': correct --clickhouse-cluster" in said


async def test_a_repeated_insert_is_stored_once(
    kept: ClickHouseEngine, place: Path, project: str
) -> None:
    """An insert that was carried out, and whose answers got lost, is sent again as the same."""
    await kept.query(
        "CREATE TABLE kept (project String, n UInt32) ENGINE = MergeTree ORDER BY n SETTINGS "
        + kept.layout.fill("$durable"),
        fmt="Null",
    )
    lose = place / "lose"
    lose.write_text("3")
    await kept.insert(Batch("kept", ("project", "n"), encode_row([project, 1])))
    assert lose.read_text() == "0"
    assert await count(kept, project, "kept") == 1
    # Another call is another insert, whatever its rows are.
    await kept.insert(Batch("kept", ("project", "n"), encode_row([project, 1])))
    assert await count(kept, project, "kept") == 2


async def test_what_was_deleted_may_come_again(engine: Engine, project: str) -> None:
    """The same rows are stored anew: no memory of earlier inserts swallows them."""
    await engine.insert(Batch("scores", COLUMNS, rows(project)))
    await delete_traces(engine, project, ["t"])
    assert await count(engine, project) == 0
    await engine.insert(Batch("scores", COLUMNS, rows(project)))
    assert await count(engine, project) == 1


async def test_a_server_that_went_away_is_told_and_found_again(
    tmp_path: Path, project: str
) -> None:
    """What can't be stored is refused with its own code; the next insert after it is back works."""
    port = free_port()
    with front(tmp_path, port) as server:
        engine = ClickHouseEngine(parse_address(server.at("clew")))
        await migrate(engine)
    with pytest.raises(StoreError) as refused:
        await engine.insert(Batch("scores", COLUMNS, rows(project)))
    assert refused.value.code == NETWORK_ERROR
    assert "can't be reached (connection refused)" in refused.value.message
    assert quote(clickhouse_front.PASSWORD, safe="") not in refused.value.message
    assert clickhouse_front.PASSWORD not in refused.value.message
    with front(tmp_path, port):
        await engine.insert(Batch("scores", COLUMNS, rows(project, 3)))
        assert await count(engine, project) == 3
        await engine.close()


async def test_long_lists_are_parameters_too(engine: Engine) -> None:
    """A list that is too long for one field of a request is asked about as a whole."""
    names = [f"{number:032x}" for number in range(20_000)]
    body = await engine.query(
        "SELECT length({names:Array(String)}) AS n, has({names:Array(String)}, {last:String}) AS h",
        {"names": names, "last": names[-1]},
    )
    assert msgspec.json.decode(body) == {"n": 20_000, "h": 1}


async def test_a_clusters_tables_are_the_whole_of_their_parts(engine: Engine) -> None:
    """Each table is a Distributed one in front of a local one; one server has plain ones."""
    body = await engine.query(
        "SELECT name, engine FROM system.tables WHERE database = currentDatabase()"
    )
    found = {row["name"]: row["engine"] for row in map(msgspec.json.decode, body.splitlines())}
    for table in (*ALL, "schema_migrations"):
        assert (found[table] == "Distributed") == bool(engine.layout.cluster)
        assert found.get(f"{table}_local", found[table]).endswith("MergeTree")


def test_a_clusters_tables_are_replicated_and_sharded_by_trace() -> None:
    """Every server makes them, and what belongs to a trace is kept together."""
    made = script("0001_first", Layout("eu"))
    local = [statement for statement in made if "_local ON CLUSTER 'eu'" in statement]
    assert len(local) == len(ALL)
    assert all("ENGINE = ReplicatedReplacingMergeTree" in statement for statement in local)
    whole = [statement for statement in made if "ENGINE = Distributed" in statement]
    assert len(whole) == len(ALL)
    for statement in whole:
        assert "ON CLUSTER 'eu'" in statement
        assert "trace_id" in statement or "metrics" in statement


def test_one_servers_tables_are_plain() -> None:
    """Nothing of a cluster is in them."""
    made = " ".join(script("migrations", Layout()) + script("0001_first", Layout()))
    for word in ("_local", "ON CLUSTER", "Replicated", "Distributed", "$"):
        assert word not in made
