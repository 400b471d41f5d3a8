"""How a span ended: success, error, refused, cancelled, blocked or waiting."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from clew.wire.values import boolean, decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Facts, Outcome, Span, Value

_BY_EXCEPTION: dict[str, Outcome] = {
    **dict.fromkeys(
        (
            "CancelledError",
            "Cancelled",
            "CancelledException",
            "TaskCanceledException",
            "OperationCanceledException",
            "OperationCanceledError",
            "AbortError",
            "KeyboardInterrupt",
            "GeneratorExit",
        ),
        "cancelled",
    ),
    **dict.fromkeys(
        (
            "GuardrailTripwireTriggered",
            "InputGuardrailTripwireTriggered",
            "OutputGuardrailTripwireTriggered",
            "ToolInputGuardrailTripwireTriggered",
            "ToolOutputGuardrailTripwireTriggered",
            "GuardrailViolation",
        ),
        "blocked",
    ),
    **dict.fromkeys(
        ("GraphInterrupt", "NodeInterrupt", "Interrupt", "ApprovalRequired", "CallDeferred"),
        "waiting",
    ),
    **dict.fromkeys(("content_filter", "ContentFilterFinishReasonError"), "refused"),
}
"""What is raised to leave a span although nothing went wrong, by the last part of its name."""

_REFUSALS = frozenset(
    {
        "content_filter",
        "content-filter",
        "content_filtered",
        "refusal",
        "refused",
        "safety",
        "prohibited_content",
        "blocklist",
        "spii",
        "image_safety",
        "guardrail_intervened",
    }
)
"""Finish reasons of providers that mean: the model, or the provider for it, would not answer."""

_FAILURES = frozenset({"error", "failed", "malformed_function_call"})


def outcome(span: Span, facts: Facts, *, refused: bool) -> Outcome | str:
    """The outcome of a span, empty while it runs.

    What a dialect said outright wins, then a telling exception, then the span's own status: a
    parent is not an error because a child failed.
    """
    if span.end_ns is None:
        return ""
    if facts.outcome:
        return facts.outcome
    failed = span.status == "error" or facts.error_type != ""
    if failed:
        return _BY_EXCEPTION.get(_last_part(facts.error_type), "error")
    if facts.tool_is_error:
        return "error"
    return "refused" if refused else _by_finish(facts.finish_reasons)


def says_error(result: Value) -> bool:
    """Whether what a tool returned says that it failed: `isError`, a LangChain tool message of
    status error, or an `error` in place of a result."""
    if isinstance(result, str):
        if "rror" not in result or not result.startswith("{"):
            return False
        result = decoded(result).value
    if not isinstance(result, dict):
        return False
    if any(boolean(result.get(key)) is True for key in ("isError", "is_error")):
        return True
    if result.get("status") == "error" and ("tool_call_id" in result or "content" in result):
        return True
    answered = any(result.get(key) for key in ("result", "data", "output", "success", "ok"))
    return bool(result.get("error")) and not answered


def _by_finish(reasons: Sequence[str]) -> Outcome:
    for reason in reasons:
        lowered = reason.lower().removeprefix("finishreason.")
        if lowered in _REFUSALS:
            return "refused"
        if lowered in _FAILURES:
            return "error"
    return "success"


@lru_cache(maxsize=4096)
def _last_part(error_type: str) -> str:
    return error_type.rpartition(".")[2]
