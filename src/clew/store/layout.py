"""How the tables lie in a database: each in one place, or in parts over a cluster.

The questions and the inserts name `spans`, `contents`, … in either case. On a cluster these are
Distributed tables, and the rows lie in `spans_local`, `contents_local`, … of every server.
"""

from __future__ import annotations

from string import Template
from typing import NamedTuple

_FSYNC = "fsync_after_insert = 1, fsync_part_directory = 1"
_SMALL_PARTS = (
    "min_columns_to_activate_adaptive_write_buffer = 1,"
    " min_bytes_for_wide_part = 100000000, merge_selector_base = 10"
)


class Layout(NamedTuple):
    """`cluster` is a name that the servers' configuration gives, '' for none. `repeatable` says
    that an insert which is sent twice, because its answer got lost, must be stored once."""

    cluster: str = ""
    repeatable: bool = False

    def fill(self, statement: str) -> str:
        """A statement of `schema/*.sql` with its `$fragments` filled."""
        return Template(statement).substitute(
            stored="_local" if self.cluster else "",
            on_cluster=self.on_cluster,
            cluster=f"'{self.cluster}'",
            replicated="Replicated" if self.cluster else "",
            durable=self._durable,
            small_parts=_SMALL_PARTS,
        )

    def stored(self, table: str) -> str:
        """The table that holds the rows, as a statement that rewrites them names it."""
        return f"{table}_local {self.on_cluster}" if self.cluster else table

    def system(self, table: str) -> str:
        """A system table, with what it says on every server."""
        return (
            f"clusterAllReplicas('{self.cluster}', system.{table})"
            if self.cluster
            else (f"system.{table}")
        )

    @property
    def on_cluster(self) -> str:
        """What makes every server carry out a statement."""
        return f"ON CLUSTER '{self.cluster}'" if self.cluster else ""

    @property
    def _durable(self) -> str:
        if self.cluster:
            # A part that a replica fetches counts for the quorum, so it must be on its disk too.
            return f"{_FSYNC}, min_compressed_bytes_to_fsync_after_fetch = 1"
        if self.repeatable:
            return f"{_FSYNC}, non_replicated_deduplication_window = 1000"
        return _FSYNC
