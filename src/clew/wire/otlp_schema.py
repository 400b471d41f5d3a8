"""The OTLP messages, with the same wire format as their generated classes but harder to break.

They are made from the descriptors of `opentelemetry-proto`, with two changes:

- A string is bytes. Protobuf refuses a whole body for one string that isn't UTF-8, and
  instrumented programs do cut strings in the middle of a character.
- Every attribute and every value in one is bytes, which `anyvalue` reads. Protobuf refuses a
  whole body that is nested deeper than 100 messages, which 33 maps within each other are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from google.protobuf.descriptor_pb2 import DescriptorProto

_PACKAGE = "opentelemetry.proto"
_LEFT_ENCODED = {
    f".{_PACKAGE}.common.v1.{name}"
    for name in ("KeyValue", "AnyValue", "ArrayValue", "KeyValueList")
}
# Each file after those that it imports.
_FILES = (
    common_pb2,
    resource_pb2,
    trace_pb2,
    logs_pb2,
    metrics_pb2,
    trace_service_pb2,
    logs_service_pb2,
    metrics_service_pb2,
)


def _messages(messages: Iterable[DescriptorProto]) -> Iterable[DescriptorProto]:
    for message in messages:
        yield message
        yield from _messages(message.nested_type)


def _loosened(module: ModuleType) -> FileDescriptorProto:
    file = FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    for message in _messages(file.message_type):
        for field in message.field:
            if field.type == FieldDescriptorProto.TYPE_STRING or field.type_name in _LEFT_ENCODED:
                field.type = FieldDescriptorProto.TYPE_BYTES
                field.ClearField("type_name")
    return file


def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        pool.Add(_loosened(module))  # pyright: ignore[reportUnknownMemberType]
    return pool


_POOL = _pool()


def _class(name: str) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


AnyValue = _class("common.v1.AnyValue")
ArrayValue = _class("common.v1.ArrayValue")
KeyValue = _class("common.v1.KeyValue")
TraceRequest = _class("collector.trace.v1.ExportTraceServiceRequest")
LogsRequest = _class("collector.logs.v1.ExportLogsServiceRequest")
MetricsRequest = _class("collector.metrics.v1.ExportMetricsServiceRequest")
