"""What an OTLP receiver answers: responses, and google.rpc.Status for errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToJson
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

    from clew.wire.otlp import Encoding, Signal

_RESPONSES: dict[Signal, tuple[type[Message], str]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
}


def encode_response(
    signal: Signal, encoding: Encoding, rejected: int = 0, messages: Sequence[str] = ()
) -> bytes:
    """The answer to an export that was stored. `partial_success` is set only if something was
    rejected, or if there is a warning to give."""
    response_class, count_field = _RESPONSES[signal]
    response: Any = response_class()
    if rejected or messages:
        setattr(response.partial_success, count_field, rejected)
        response.partial_success.error_message = "; ".join(messages)
    return _answered(response, encoding)


def encode_status(
    code: int, message: str, encoding: Encoding, retry_after_s: int | None = None
) -> bytes:
    """A google.rpc.Status, with a RetryInfo where the same request may be sent again."""
    status = Status(code=code, message=message)
    if retry_after_s is not None:
        status.details.add().Pack(retry_info(retry_after_s))
    return _answered(status, encoding)


def retry_info(retry_after_s: int) -> RetryInfo:
    """When to come back."""
    info = RetryInfo()
    info.retry_delay.seconds = retry_after_s
    return info


def _answered(message: Message, encoding: Encoding) -> bytes:
    if encoding == "json":
        return MessageToJson(message, indent=None).encode()
    return message.SerializeToString()
