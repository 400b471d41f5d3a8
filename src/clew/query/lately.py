"""What was read lately, so that a list that is asked for again needn't read all of it again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from itertools import islice
from typing import Final

from clew.query.runs import Run

REMEMBERED_RUNS: Final = 2_000
"""About 4 KB each."""
REMEMBERED_PROJECTS: Final = 1_000

Keep = Callable[[Iterable[Run]], None]


class _Reading:
    """Somebody reads runs of a project; what changes meanwhile may be old when it was read."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.changed: set[str] = set()
        self.all_changed = False


class Lately:
    """The runs that lists showed lately, until something of them changes, and where each project's
    newest ones are.

    `told` says that `changed` is called for all that is written: where other processes write to
    the store, no run is remembered.
    """

    def __init__(self, *, told: bool = False) -> None:
        self._told = told
        self._runs: dict[tuple[str, str], Run] = {}
        self._newest_ns: dict[str, int] = {}
        self._readings: list[_Reading] = []

    def runs(self, project: str, trace_ids: Iterable[str]) -> dict[str, Run]:
        """Those of the runs that are remembered, by id."""
        keys = [(project, trace_id) for trace_id in trace_ids]
        found = {key[1]: self._runs.pop(key) for key in keys if key in self._runs}
        # What is asked for becomes the youngest.
        self._runs.update({(project, trace_id): run for trace_id, run in found.items()})
        return found

    @contextmanager
    def reading(self, project: str) -> Generator[Keep]:
        """Gives a function that remembers runs which were read meanwhile."""
        reading = _Reading(project)
        self._readings.append(reading)

        def keep(runs: Iterable[Run]) -> None:
            if self._told and not reading.all_changed:
                self._add(
                    project,
                    {
                        run.trace.trace_id: run
                        for run in runs
                        if run.trace.trace_id not in reading.changed
                    },
                )

        try:
            yield keep
        finally:
            self._readings.remove(reading)

    def _add(self, project: str, runs: dict[str, Run]) -> None:
        self._runs.update({(project, trace_id): run for trace_id, run in runs.items()})
        for key in list(islice(self._runs, max(0, len(self._runs) - REMEMBERED_RUNS))):
            del self._runs[key]

    def changed(self, project: str, trace_ids: set[str]) -> None:
        """Forget these runs of a project; without ids, all."""
        for reading in self._readings:
            if reading.project == project:
                reading.changed |= trace_ids
                reading.all_changed |= not trace_ids
        for trace_id in trace_ids:
            self._runs.pop((project, trace_id), None)
        if not trace_ids:
            self._runs = {key: run for key, run in self._runs.items() if key[0] != project}

    def newest_ns(self, project: str) -> int | None:
        """About where the newest rows of a project are, None if nobody looked."""
        return self._newest_ns.get(project)

    def note_newest(self, project: str, start_ns: int) -> None:
        """The newest run of a project was seen to start then."""
        self._newest_ns[project] = start_ns
        if len(self._newest_ns) > REMEMBERED_PROJECTS:
            del self._newest_ns[next(iter(self._newest_ns))]
