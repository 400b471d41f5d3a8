"""SQL of users: what runs, and what is refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make
from clew.errors import QueryRefused
from clew.ingest import Ingest
from clew.query.sql import compile_sql, run_sql
from clew.store.embedded import EmbeddedEngine

pytestmark = pytest.mark.anyio


@pytest.fixture
async def asked(ingest: Ingest, project: str) -> str:
    """A project with one run of three spans and a score, beside a project with another run."""
    root = make.agent(input__value="Why was the refund late? It was sent on Monday.")
    call, look = make.llm(parent=root), make.tool("refund", parent=root, error="denied")
    await make.store(ingest, project, root, call, look, scores=[make.score("good", 1, of=root)])
    await make.store(ingest, f"{project}-other", make.agent("stranger"), make.llm())
    return project


async def rows(engine: EmbeddedEngine, project: str, query: str) -> list[list[object]]:
    """The rows of an answer."""
    return msgspec.json.decode(await run_sql(engine, project, query))["rows"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT count() FROM spans", [[3]]),
        ("SELECT count() FROM spans FINAL", [[3]]),
        ("select kind, count() c from spans group by kind order by kind limit 1", [["agent", 1]]),
        ("SELECT name, span_count, error_count FROM traces", [["planner", 3, 1]]),
        ("SELECT name, value FROM scores", [["good", 1.0]]),
        ("SELECT count() FROM contents WHERE hasAllTokens(text, 'refund')", [[1]]),
        ("SELECT s.tool FROM spans s JOIN traces USING (trace_id) WHERE tool != ''", [["refund"]]),
        ("SELECT spans.tool FROM spans WHERE spans.kind = 'tool'", [["refund"]]),
        ("WITH a AS (SELECT * FROM spans WHERE kind = 'llm') SELECT a.model FROM a", [["gpt-5"]]),
        ("WITH 5 AS five SELECT five", [[5]]),
        ("SELECT one FROM (WITH x AS (SELECT 1 AS one) SELECT one FROM x)", [[1]]),
        ("SELECT count() FROM spans WHERE trace_id IN (SELECT trace_id FROM traces)", [[3]]),
        ("SELECT 1 UNION ALL SELECT 1", [[1], [1]]),
        ("SELECT arrayMap(x -> x + 1, [1, 2]), number FROM numbers(1)", [[[2, 3], 0]]),
        ("SELECT 'it''s', 'a\\\\b', '%', '退款'", [["it's", "a\\b", "%", "退款"]]),
        ("SELECT countIf(kind = 'llm'), quantile(0.5)(duration_ms) FROM spans", [[1, 1000]]),
        ("SELECT kind FROM spans QUALIFY row_number() OVER (ORDER BY start_time) = 1", [["agent"]]),
        ("SELECT if(1 = 1, 'a', 'b'), 1 ? 2 : 3, CAST(1 AS String), 2::UInt8", [["a", 2, "1", 2]]),
        ("SELECT attributes['gen_ai.tool.name'] FROM spans WHERE kind = 'tool'", [["refund"]]),
        ("SELECT toStartOfDay(start_time) = date_trunc('day', start_time) FROM traces", [[1]]),
        ("SELECT 1 /* spans */ -- FROM system.tables", [[1]]),
    ],
)
async def test_queries_run_on_the_project(
    engine: EmbeddedEngine, asked: str, query: str, expected: list[list[object]]
) -> None:
    """Views, joins, subqueries, CTEs, lambdas, windows: as ClickHouse speaks them."""
    assert await rows(engine, asked, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM system.tables",
        "SELECT * FROM (SELECT * FROM (SELECT name FROM system.parts))",
        "SELECT (SELECT count() FROM system.tables)",
        "SELECT EXISTS(SELECT * FROM system.tables)",
        "SELECT * FROM clew.spans",
        "SELECT * FROM logs",
        "SELECT * FROM schema_migrations",
        "SELECT * FROM file('/etc/passwd')",
        "SELECT * FROM url('http://127.0.0.1')",
        "SELECT * FROM remote('127.0.0.1', 'system.tables')",
        "SELECT * FROM s3('http://x')",
        "SELECT * FROM merge('clew', '.*')",
        "SELECT * FROM cluster('default', clew.spans)",
        "SELECT * FROM Python(globals)",
        "SELECT * FROM executable('id', 'TSV', 'a String')",
        "SELECT * FROM view(SELECT * FROM system.tables)",
        "SELECT * FROM values('a String', 'x')",
        "SELECT * FROM sqlite('x', 'y')",
        "SELECT file('/etc/passwd')",
        "SELECT \"file\"('/etc/passwd')",
        "SELECT `file`('/etc/passwd')",
        "SELECT a.file('/etc/passwd')",
        "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
        "SELECT * REPLACE (file('x') AS kind) FROM spans",
        "SELECT COLUMNS('.*') FROM spans",
        "SELECT dictGet('a', 'b', 1)",
        "SELECT joinGet('x', 'y', 1)",
        "SELECT getSetting('max_threads')",
        "SELECT hostName(), version(), currentUser()",
        "SELECT sleep(3)",
        "SELECT arrayReduce('sum', [1])",
        "SELECT kind FROM spans WHERE trace_id IN spans",
        "SELECT kind FROM spans WHERE trace_id IN (contents)",
        "SELECT kind FROM spans WHERE trace_id NOT IN ((clew.spans))",
        "SELECT in(1, spans)",
        "WITH spans AS (SELECT 1) SELECT * FROM spans",
        "SELECT * FROM (WITH logs AS (SELECT 1 AS a) SELECT * FROM logs) AS x, logs",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SELECT * FROM (SELECT 1 SETTINGS max_threads = 1)",
        "SELECT 1 FORMAT Native",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT {project:String}",
        "SELECT @@version",
        "SELECT $$a$$",
        'SELECT 1 AS "a\\", 2 AS " FROM system.tables --"',
        "SELECT 1 AS `a\\`, 2 AS ` FROM system.tables --`",
        "SELECT CAST('x' AS Enum8('a\\'b' = 1))",
        "SELECT date_trunc('x\\'y', now())",
        "SELECT count() FROM spans WHERE project = 'other'",
        "SELECT * FROM spans PREWHERE 1",
        "SELECT * FROM numbers(10) SAMPLE 0.1",
        "INSERT INTO spans SELECT 1",
        "ALTER TABLE spans DELETE WHERE 1",
        "DROP TABLE spans",
        "SELECT 1; DROP TABLE spans",
        "EXPLAIN SELECT 1",
        "DESCRIBE TABLE spans",
        "SHOW TABLES",
        "SET readonly = 0",
        "SYSTEM SHUTDOWN",
        "",
        "SELECT",
        "SELECT 'open",
        "(" * 5_000 + "SELECT 1",
        "SELECT " + "1 + " * 20_000 + "1",
        "SELECT nosuch FROM spans",
    ],
)
async def test_queries_outside_are_refused(engine: EmbeddedEngine, asked: str, query: str) -> None:
    """Nothing but the project's views is reached, and the refusal is a sentence."""
    with pytest.raises(QueryRefused) as refusal:
        await run_sql(engine, asked, query)
    assert 10 < len(refusal.value.message) < 400


async def test_answer_is_bounded_in_rows(engine: EmbeddedEngine, project: str) -> None:
    """More rows than the limit are cut off, and the answer says so."""
    query = "SELECT number FROM numbers(100000) ORDER BY number DESC"
    answer = msgspec.json.decode(await run_sql(engine, project, query, limit=2))
    assert answer["rows"] == [[99_999], [99_998]]
    assert (answer["row_count"], answer["truncated"]) == (2, True)
    assert answer["columns"] == [{"name": "number", "type": "UInt64"}]
    exact = msgspec.json.decode(await run_sql(engine, project, "SELECT 1", limit=1))
    assert exact["truncated"] is False


async def test_answer_is_bounded_in_memory(engine: EmbeddedEngine, project: str) -> None:
    """A query that needs too much is stopped, and the next one runs."""
    greedy = "SELECT length(groupArray(toString(number))) FROM numbers(1000000000)"
    with pytest.raises(QueryRefused, match="narrow it down"):
        await run_sql(engine, project, greedy)
    assert await rows(engine, project, "SELECT 1") == [[1]]


tricks = st.sampled_from(
    ["'", '"', "`", "\\", "--", "/*", "*/", ";", "$$", "{project:String}", " FROM system.one ",
     "''", "\\'", "\n", "a", "退"]
)  # fmt: skip


@given(st.lists(tricks, max_size=8).map("".join))
@settings(max_examples=40)
async def test_any_text_is_told_back(engine: EmbeddedEngine, text: str) -> None:
    """A string in a query is that string, whatever is in it, or is refused."""
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    assert await rows(engine, "anyone", f"SELECT {quoted} AS said") == [[text]]


@given(st.lists(st.one_of(tricks, st.sampled_from(["SELECT ", "1", ",", " AS "]))).map("".join))
def test_nothing_unread_is_passed_on(text: str) -> None:
    """What compiles has no comment, no second statement and no backslash left in it."""
    try:
        statement = compile_sql(f"SELECT {text}")
    except QueryRefused:
        return
    assert not {"\\", ";", "`"} & set(statement.sql.replace("'", ""))
    assert "system" not in statement.sql
