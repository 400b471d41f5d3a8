"""Keeps a fault of the SDK away from the program that it observes."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_logger = logging.getLogger("clew")


@contextmanager
def guard(doing: str) -> Generator[None]:
    """Log an exception instead of raising it; `doing` completes "failed to …".

    Under pytest it is raised, so that a fault in a test is never overlooked.
    """
    try:
        yield
    except Exception:
        if "PYTEST_CURRENT_TEST" in os.environ:
            raise
        _logger.warning("failed to %s; the program goes on without it", doing, exc_info=True)
