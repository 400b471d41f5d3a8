"""The seam to the database that runs our SQL.

Every query is written once, in the ClickHouse dialect; an engine runs it in this process
(`embedded`) or across the network. The conformance suite in `tests/store` holds each engine to
the promises below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias, runtime_checkable

from clew.store.layout import Layout

Param: TypeAlias = "str | int | float | bool | None | Sequence[str] | Sequence[int]"
Settings: TypeAlias = "Mapping[str, str | int | float]"

SESSION: Final[Settings] = {
    "date_time_output_format": "iso",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0,
    "max_partitions_per_insert_block": 0,
}
"""What every engine sets for all that it runs: the forms of answers, and that an insert may reach
any number of months."""

NETWORK_ERROR: Final = 210
"""The code of a `StoreError` for a database that can't be reached."""
NO_SPACE: Final = 243
"""The code of a `StoreError` for a full disk."""
DISK_FULL: Final = "the disk of the data folder is full: free some, and spans are stored again"
"""What such an error says."""


class Batch(NamedTuple):
    """Rows for one table: the MsgPack format, the values of each row in the order of `columns`."""

    table: str
    columns: Sequence[str]
    rows: bytes


@runtime_checkable  # Litestar checks what it hands to a handler
class Engine(Protocol):
    """What the rest of Clew asks of a database.

    - `query` MUST pass parameters as values, never as text of the statement, and MUST return the
      bytes of the answer in `fmt` (a ClickHouse format) with times as ISO 8601 in UTC and 64-bit
      integers unquoted. It MUST see every insert that returned before it was called.
    - `insert` MUST return only when the rows are on disk: a crash right after loses nothing. Where
      it is cut off, no batch is stored before the ones in front of it.
    - Both MUST raise `StoreError` with the database's code when it refuses, with `NETWORK_ERROR`
      where it can't be reached, MUST NOT block the event loop and MUST be safe to call
      concurrently. An insert that failed for want of an answer may have been stored; one that
      returned is stored exactly once.
    - `close` MUST wait for what is running and release the data folder; it may be called twice.
    """

    @property
    def layout(self) -> Layout:
        """How the tables lie in the database, for statements that make or rewrite them."""
        ...

    async def query(
        self,
        sql: str,
        params: Mapping[str, Param] | None = None,
        *,
        fmt: str = "JSONEachRow",
        settings: Settings | None = None,
    ) -> bytes:
        """The answer to `sql`, whose `{name:Type}` placeholders take their values from `params`."""
        ...

    async def insert(self, *batches: Batch) -> None:
        """Append the batches durably."""
        ...

    def unhurried(self) -> Engine:
        """The same engine for questions that nobody waits for."""
        ...

    async def close(self) -> None:
        """Wait for what is running, then release everything."""
        ...


def encode_param(value: Param) -> str:
    r"""`value` in the text form that ClickHouse parses a query parameter from.

    Scalars are read in the TSV escaping (`\N` is NULL), elements of arrays in the quoted one.
    """
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str):
        return value.translate(_TSV_ESCAPES)
    if isinstance(value, int | float):
        return repr(value)
    return "[" + ",".join(_encode_element(element) for element in value) + "]"


def _encode_element(element: str | int) -> str:
    if isinstance(element, int):
        return repr(element)
    return "'" + element.replace("\\", "\\\\").replace("'", "\\'") + "'"


_TSV_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
