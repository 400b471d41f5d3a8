"""SQL of users: read-only, within one project, over four views.

The query is parsed, every node of it is held to what is allowed here, each table becomes a
subquery on the project, and what runs is written anew from the tree: nothing that wasn't
understood is ever sent. Strings that aren't plain text travel as parameters, so that no escaping
of one parser is read by another.
"""

from __future__ import annotations

import re
import secrets
import time
from functools import cache
from typing import Final, NamedTuple

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from clew.errors import QueryRefused, StoreError
from clew.query import ask, narrow
from clew.query.functions import ALLOWED, COMBINATORS
from clew.store.engine import Engine, Param, Settings

VIEWS: Final = ("spans", "traces", "contents", "scores")
TABLE_FUNCTIONS: Final = ("numbers",)
DEFAULT_ROWS: Final = 1_000
MAX_ROWS: Final = 10_000
MAX_CHARS: Final = 50_000
LIMITS: Final[Settings] = {
    "readonly": 1,
    "max_execution_time": 15,
    "max_memory_usage": 1_500_000_000,
    "max_result_bytes": 32_000_000,
    "result_overflow_mode": "throw",
    "max_ast_depth": 500,
    "output_format_json_quote_denormals": 0,
}

_DIALECT: Final = "clickhouse"
_NODES: Final = (
    exp.Alias,
    exp.Array,
    exp.AtTimeZone,
    exp.Between,
    exp.Boolean,
    exp.Bracket,
    exp.CTE,
    exp.Column,
    exp.Cube,
    exp.DataType,
    exp.DataTypeParam,
    exp.Distinct,
    exp.Final,
    exp.From,
    exp.Group,
    exp.GroupingSets,
    exp.Having,
    exp.Identifier,
    exp.In,
    exp.Interval,
    exp.JSONPath,
    exp.JSONPathKey,
    exp.JSONPathRoot,
    exp.JSONPathSubscript,
    exp.Join,
    exp.Lambda,
    exp.Limit,
    exp.LimitOptions,
    exp.Literal,
    exp.Null,
    exp.Offset,
    exp.Order,
    exp.Ordered,
    exp.Paren,
    exp.Qualify,
    exp.Rollup,
    exp.Select,
    exp.SetOperation,
    exp.Star,
    exp.Subquery,
    exp.Table,
    exp.TableAlias,
    exp.Tuple,
    exp.Var,
    exp.Where,
    exp.Window,
    exp.WindowSpec,
    exp.With,
    exp.WithFill,
)
# Parts of a SELECT; FORMAT, SETTINGS, INTO and whatever a later parser learns are not among them.
_SELECT_PARTS: Final = {
    "expressions",
    "distinct",
    "from",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "qualify",
    "windows",
    "order",
    "limit",
    "offset",
    "with",
    "with_",
}
_IDENTIFIER: Final = re.compile(r"[^\W\d][\w .:@/-]*")
_PLAIN_TEXT: Final = re.compile(r"[^\x00-\x1f'\\]*")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9 ]*")
_CALL: Final = re.compile(r'"?(?P<name>[^\s("]+)"?\s*\(')
_TOO_SLOW: Final = 159
_TOO_MUCH: Final = {241, 396}


class Statement(NamedTuple):
    """What is sent to the engine for a user's query."""

    sql: str
    params: dict[str, Param]


async def run_sql(engine: Engine, project: str, query: str, limit: int = DEFAULT_ROWS) -> bytes:
    """The JSON answer to a user's query, at most `limit` rows. Raises QueryRefused.

    The rows are the bytes that the engine wrote.
    """
    statement = compile_sql(query)
    started = time.perf_counter()
    # One row more than is shown tells whether there are more.
    settings = {**LIMITS, "limit": limit + 1}
    try:
        body = await engine.query(
            statement.sql,
            {**statement.params, "project": project},
            fmt="JSONCompactEachRowWithNamesAndTypes",
            settings=settings,
        )
    except StoreError as exc:
        raise QueryRefused(_reason(exc)) from exc
    elapsed_ms = (time.perf_counter() - started) * 1e3
    names, types, *rows = body.splitlines()
    columns = [
        {"name": name, "type": kind}
        for name, kind in zip(msgspec.json.decode(names), msgspec.json.decode(types), strict=True)
    ]
    shown = rows[:limit]
    head = {
        "columns": columns,
        "row_count": len(shown),
        "truncated": len(rows) > limit,
        "elapsed_ms": round(elapsed_ms, 3),
    }
    return msgspec.json.encode(head)[:-1] + b',"rows":[' + b",".join(shown) + b"]}"


def compile_sql(query: str) -> Statement:
    """The statement for a user's query. Raises QueryRefused with what isn't allowed in it."""
    tree = _parse(query)
    nonce = f"q{secrets.token_hex(8)}"
    try:
        for node in list(tree.walk()):
            _check(node)
        views = _replace_tables(tree, nonce)
        params = _lift_texts(tree)
        text = tree.sql(dialect=_DIALECT, comments=False)
    except (RecursionError, SqlglotError) as exc:
        raise QueryRefused("the query is nested too deeply to be read") from exc
    if "\\" in text or ";" in re.sub(r"'[^']*'", "", text):
        raise QueryRefused("the query has characters that can't be passed on safely")
    for name in views:
        text = text.replace(f"{nonce}_view_{name}", f"({_view(name)})")
    return Statement(text, params)


def _parse(query: str) -> exp.Query:
    if len(query) > MAX_CHARS:
        raise QueryRefused(f"the query has {len(query)} characters: at most {MAX_CHARS} are read")
    try:
        trees = [tree for tree in sqlglot.parse(query, read=_DIALECT) if tree is not None]
    except SqlglotError as exc:
        raise QueryRefused(_where_wrong(exc)) from exc
    except RecursionError as exc:
        raise QueryRefused("the query is nested too deeply to be read") from exc
    if len(trees) != 1:
        raise QueryRefused(f"expected one SELECT, found {len(trees)} statements")
    tree = trees[0]
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise QueryRefused(f"expected a SELECT, found {type(tree).__name__.upper()}")
    return tree


def _where_wrong(exc: SqlglotError) -> str:
    errors = getattr(exc, "errors", None)
    if not errors:
        return "the query can't be read as SQL"
    first = errors[0]
    return (
        f"the query can't be read at line {first.get('line')}, column {first.get('col')}:"
        f" {first.get('description')}"
    )


def _check(node: exp.Expr) -> None:
    """Refuse a node that isn't allowed."""
    match node:
        case exp.Apply() | exp.Columns():
            raise QueryRefused("APPLY and COLUMNS aren't spoken here: name the columns")
        case exp.Identifier() if not _IDENTIFIER.fullmatch(node.name):
            raise QueryRefused(f"{node.name!r} isn't a name that is allowed in a query")
        case exp.Var() | exp.JSONPathKey() if not _WORD.fullmatch(str(node.this)):
            raise QueryRefused(f"{str(node.this)!r} isn't understood here")
        case exp.Select():
            _check_parts(node)
        case exp.In():
            _check_in(node)
        case exp.Dot() if isinstance(node.expression, exp.Func):
            raise QueryRefused("functions of a named object aren't allowed")
        case exp.With() if node.args.get("recursive"):
            raise QueryRefused("WITH RECURSIVE isn't allowed")
        case _:
            pass
    if isinstance(node, exp.Func):
        _check_function(node)
    elif not isinstance(node, (*_NODES, exp.Binary, exp.Unary, exp.Condition)) or isinstance(
        node, exp.Placeholder | exp.Parameter | exp.SessionParameter | exp.RawString
    ):
        raise QueryRefused(f"{_words(type(node).__name__)} isn't allowed in a query")


def _check_parts(node: exp.Select) -> None:
    if not node.expressions:
        raise QueryRefused("a SELECT has to say what it selects")
    for part, value in node.args.items():
        if value and part not in _SELECT_PARTS:
            raise QueryRefused(f"{part.strip('_').upper()} isn't allowed in a query")


def _check_in(node: exp.In) -> None:
    """`x IN name` and `x IN (name)` read a table of that name."""
    listed = node.expressions
    if node.args.get("field") or (len(listed) == 1 and isinstance(listed[0].unnest(), exp.Column)):
        raise QueryRefused("IN with a name isn't allowed: use IN (SELECT …) or has(array, x)")


def _check_function(node: exp.Func) -> None:
    call = _CALL.match(node.sql(dialect=_DIALECT, comments=False))
    # Without a name in front it is an operator or CASE, which are syntax.
    names = [call["name"]] if call else []
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        names.append(node.name)
    if isinstance(node.parent, exp.Table):
        if all(name.lower() in TABLE_FUNCTIONS for name in names):
            return
        raise QueryRefused(f"the table function {names[0]} isn't allowed: views are {_views()}")
    for name in names:
        if not _is_allowed(name.lower()):
            raise QueryRefused(f"the function {name} isn't allowed")


def _is_allowed(name: str) -> bool:
    if name in ALLOWED:
        return True
    return any(
        name.endswith(suffix) and _is_allowed(name.removesuffix(suffix)) for suffix in COMBINATORS
    )


def _replace_tables(tree: exp.Query, nonce: str) -> list[str]:
    """Give every table a name of this query's own; returns the views among them.

    A CTE gets a new name too: used outside its scope, its old one would name a real table.
    """
    ctes = {cte.alias for cte in tree.find_all(exp.CTE) if not cte.args.get("scalar")}
    for taken in sorted(ctes & set(VIEWS)):
        raise QueryRefused(f"{taken} is a view: give the CTE another name")
    views: set[str] = set()
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Func) or _is_array_join(table):
            continue
        name = _plain_name(table)
        if name in VIEWS:
            views.add(name)
        elif name not in ctes:
            raise QueryRefused(f"there is no table {name}: views are {_views()}")
        kind = "view" if name in VIEWS else "cte"
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
        table.set("this", exp.to_identifier(f"{nonce}_{kind}_{name}"))
    for cte in tree.find_all(exp.CTE):
        if not cte.args.get("scalar"):
            cte.args["alias"].set("this", exp.to_identifier(f"{nonce}_cte_{cte.alias}"))
    for final in list(tree.find_all(exp.Final)):
        final.replace(final.this)  # views give the newest versions anyway
    return sorted(views)


def _is_array_join(table: exp.Expr) -> bool:
    join = table.parent
    while isinstance(join, exp.Alias):
        join = join.parent
    return isinstance(join, exp.Join) and str(join.args.get("kind") or "").upper() == "ARRAY"


def _plain_name(table: exp.Table) -> str:
    if table.args.get("db") or table.args.get("catalog"):
        raise QueryRefused(f"{table.sql(_DIALECT)} isn't allowed: views are {_views()}")
    return table.name


def _lift_texts(tree: exp.Query) -> dict[str, Param]:
    """Replace strings that need escaping by parameters."""
    params: dict[str, Param] = {}
    for literal in list(tree.find_all(exp.Literal)):
        if not literal.is_string or _PLAIN_TEXT.fullmatch(literal.this):
            continue
        if literal.find_ancestor(exp.DataType):
            raise QueryRefused("names in types can't have quotes or backslashes")
        name = f"text_{len(params)}"
        params[name] = literal.this
        literal.replace(exp.Placeholder(this=exp.var(name), kind=exp.DataType.build("text")))
    return params


@cache
def _view(name: str) -> str:
    if name == "traces":
        columns = ask.sql("view_traces", run="")
        return ask.sql("view_traces", run=narrow.run_sql("rows_of_project", columns))
    return ask.sql(f"view_{name}")


def _views() -> str:
    return ", ".join(VIEWS)


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).upper()


def _reason(exc: StoreError) -> str:
    """What the engine said, without names of ours."""
    if exc.code == _TOO_SLOW:
        return f"the query took longer than {LIMITS['max_execution_time']} s: narrow it down"
    if exc.code in _TOO_MUCH:
        return "the query takes more memory, or gives more, than one may: narrow it down"
    text = re.sub(r"q[0-9a-f]{16}_(?:view|cte)_", "", exc.message.splitlines()[0])
    text = re.sub(r"\. Expected one of: .*", ".", text)
    return re.sub(r"\s*(?:In scope .*|: While (?:processing|executing).*|\(version .*)$", "", text)
