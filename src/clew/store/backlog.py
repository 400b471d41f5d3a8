"""What is on disk already and waits in the journal to be stored, many appends with one insert."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

from clew.errors import StoreError
from clew.store.engine import Batch
from clew.store.journal import Journal, Sealed

STORE_AFTER_S = 1.0
STORE_BYTES = 24 << 20
"""About 8,000 spans of an agent, which take a third of a second."""
FULL_BYTES = 96 << 20
"""More than this waiting, and whoever appends waits as well."""
RETRY_S = 2.0

_UNREADABLE = {6, 16, 26, 27, 33, 41, 44, 53, 69, 70, 72, 117, 131, 349}
"""The codes of rows that the store will never take, as opposed to a full disk."""

log = logging.getLogger("clew")


class Backlog:
    """Appends to a journal in `folder`, and a thread that has `insert` store what is in it.

    Safe to call from any thread; everything here blocks.
    """

    def __init__(self, folder: Path, insert: Callable[[Batch], None]) -> None:
        self._insert = insert
        self._journal = Journal(folder)
        self._sealed: list[Sealed] = []
        self._since: float | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._storing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="clew-backlog", daemon=True)

    def recover(self) -> None:
        """Store what an earlier process left. Raises StoreError if that isn't possible now."""
        for sealed in self._journal.left():
            self._store(sealed)
            self._journal.drop(sealed)
        self._thread.start()

    def append(self, batches: Sequence[Batch]) -> None:
        """Take the batches; they are on disk when this returns. Raises StoreError if they can't
        be."""
        if self._waiting_bytes() > FULL_BYTES:
            self.clear()
        with self._changed:
            self._journal.append(batches)
            if self._since is None:
                self._since = time.monotonic()
                self._changed.notify()
            elif self._journal.size_bytes > STORE_BYTES:
                self._changed.notify()

    def clear(self) -> None:
        """Return when all that was appended is stored. Raises StoreError where that fails: it
        stays in the journal, and is tried again."""
        with self._changed:
            if not self._journal.size_bytes and not self._sealed:
                return
        with self._storing:
            self._seal()
            while self._sealed:
                sealed = self._sealed[0]
                self._store(sealed)
                with self._changed:
                    self._journal.drop(sealed)
                    del self._sealed[0]

    def close(self) -> None:
        """Store what is waiting; what can't be stays in the journal for the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()
        self._try_to_clear()
        self._journal.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (wait_s := self._due_in_s()) != 0:
                    self._changed.wait(wait_s)
                if self._closed:
                    return
            if not self._try_to_clear():
                time.sleep(RETRY_S)

    def _waiting_bytes(self) -> int:
        """All that isn't stored yet, and is in memory as well."""
        with self._changed:
            return self._journal.size_bytes + sum(sealed.size_bytes for sealed in self._sealed)

    def _due_in_s(self) -> float | None:
        """How long there is still time; None while nothing waits."""
        if self._sealed:
            return 0
        if self._since is None:
            return None
        if self._journal.size_bytes > STORE_BYTES:
            return 0
        return max(0.0, self._since + STORE_AFTER_S - time.monotonic())

    def _try_to_clear(self) -> bool:
        try:
            self.clear()
        except StoreError as exc:
            log.error("rows wait in the journal, because they can't be stored now: %s", exc)  # noqa: TRY400
            return False
        return True

    def _seal(self) -> None:
        with self._changed:
            if (sealed := self._journal.seal()) is not None:
                self._sealed.append(sealed)
            self._since = None

    def _store(self, sealed: Sealed) -> None:
        for batch in _joined(sealed.appends):
            try:
                self._insert(batch)
            except StoreError as exc:
                if exc.code not in _UNREADABLE:
                    raise
                self._store_one_by_one(batch, sealed)

    def _store_one_by_one(self, joined: Batch, sealed: Sealed) -> None:
        """One append whose rows are refused must not take the others with it."""
        for batch in (batch for append in sealed.appends for batch in append):
            if _place(batch) != _place(joined):
                continue
            try:
                self._insert(batch)
            except StoreError as exc:
                if exc.code not in _UNREADABLE:
                    raise
                path = self._journal.put_aside([batch])
                log.error("rows of %s were refused, and are kept in %s: %s", batch.table, path, exc)  # noqa: TRY400


def _joined(appends: Sequence[Sequence[Batch]]) -> Iterator[Batch]:
    """The batches of each table as one, in an order that keeps that of every append."""
    rows: dict[tuple[str, tuple[str, ...]], list[bytes]] = {}
    order: TopologicalSorter[tuple[str, tuple[str, ...]]] = TopologicalSorter()
    for append in appends:
        for batch in append:
            rows.setdefault(_place(batch), []).append(batch.rows)
            order.add(_place(batch))
        for before, after in pairwise(append):
            order.add(_place(after), _place(before))
    for place in order.static_order():
        yield Batch(*place, b"".join(rows[place]))


def _place(batch: Batch) -> tuple[str, tuple[str, ...]]:
    return batch.table, tuple(batch.columns)
