"""OTLP/JSON ⇄ OTLP messages.

The mapping is protobuf's JSON mapping with ids in hexadecimal. Many senders write it by hand, so
reading is lenient: snake_case keys, enums by name, ids in base64 or upper case, integers as
numbers or strings, AnyValues without their wrapper. What still can't be read is left out with a
warning; only a body that isn't a JSON object is refused.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import math
from typing import TYPE_CHECKING, Any, cast

import msgspec
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FieldDescriptor

from clew.errors import BadInput
from clew.wire.anyvalue import AttributeReader, utf8, write_pair, write_value
from clew.wire.limits import Findings, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from google.protobuf.descriptor import Descriptor, EnumDescriptor

    from clew.span import Value

    Message = Any
    Put = Callable[[Message, object, Findings], None]

_INT64 = range(-(1 << 63), 1 << 63)
_UINT64_MAX = (1 << 64) - 1
_BASE64_LENGTHS = {24: 32, 22: 32, 12: 16, 11: 16}
"""Characters of an id in base64, with and without padding: characters of the same id in hex."""
_DEEPEST = 128
"""AnyValues within each other: twice what is kept, and well below Python's own limit."""

_WIDE = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}
_INTEGERS = {
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_SINT32,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_FIXED32,
    FieldDescriptor.TYPE_FIXED64,
    FieldDescriptor.TYPE_SFIXED64,
}
_ITEMS = {
    "Span",
    "LogRecord",
    "NumberDataPoint",
    "HistogramDataPoint",
    "ExponentialHistogramDataPoint",
    "SummaryDataPoint",
}
"""What is counted as rejected when it can't be read."""


def read(body: bytes, message_class: Message, findings: Findings) -> Message:
    """The message that `body` stands for; an empty body is an empty message. BadInput if it isn't
    a JSON object."""
    source = _parsed(body, findings) if body.strip() else {}
    if not isinstance(source, dict):
        message = f'expected a JSON object such as {{"resourceSpans": []}}, got {source!r:.40}'
        raise BadInput(message)
    message = message_class()
    _fill(message, cast("dict[str, object]", source), findings)
    return message


def _parsed(body: bytes, findings: Findings) -> object:
    try:
        return msgspec.json.decode(body)
    except RecursionError as exc:
        message = "the JSON is nested too deeply to be read"
        raise BadInput(message) from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        return _parsed_leniently(body, findings, exc)


def _parsed_leniently(body: bytes, findings: Findings, why: Exception) -> object:
    """JSON as Python reads it, which takes NaN, lone surrogates and a byte order mark, in text
    whose bad UTF-8 was replaced."""
    text = body.decode("utf-8-sig", "replace")
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError) as exc:
        message = f"not JSON: {why}"
        raise BadInput(message) from exc
    findings.warn("the JSON was not valid; bad characters became U+FFFD")
    return parsed


def _text_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _integer(value: object) -> int | None:
    """An integer, also from a decimal string or a float without a fraction."""
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _double(value: object) -> float | None:
    """A number, also from a string such as "1.5", "NaN" or "-Infinity"."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:
        return math.copysign(math.inf, cast("int", value))


def _from_base64(value: object) -> bytes | None:
    """Bytes from standard or URL-safe base64, with or without padding."""
    if not isinstance(value, str):
        return None
    text = value.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _id(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    if len(value) in _BASE64_LENGTHS:
        decoded = _from_base64(value)
        if decoded is not None and len(decoded) * 2 == _BASE64_LENGTHS[len(value)]:
            return decoded
    try:
        return bytes.fromhex(value)
    except ValueError:
        return None


def _fill(message: Message, source: Mapping[str, object], findings: Findings) -> None:
    puts = _puts(message.DESCRIPTOR)
    for key, value in source.items():
        put = puts.get(key)
        if put is not None and value is not None:
            put(message, value, findings)


@functools.cache
def _puts(descriptor: Descriptor) -> dict[str, Put]:
    """How to set each field of a message, by its name in both spellings."""
    puts: dict[str, Put] = {}
    for field in descriptor.fields:
        declared = _declared(descriptor).fields_by_name[field.name]
        puts[field.name] = puts[field.camelcase_name] = _put(field, declared)
    return puts


def _declared(descriptor: Descriptor) -> Descriptor:
    """The message as `opentelemetry-proto` has it, where strings are strings."""
    return descriptor_pool.Default().FindMessageTypeByName(descriptor.full_name)


def _put(field: FieldDescriptor, declared: FieldDescriptor) -> Put:
    if field.message_type is not None:
        return functools.partial(_put_messages if field.is_repeated else _put_message, field.name)
    if declared.message_type is not None:
        is_any = declared.message_type.name == "AnyValue"
        return functools.partial(_put_any if is_any else _put_attributes, field.name)
    if field.name.endswith("time_unix_nano"):
        return functools.partial(_put_time, field.name)
    convert = _converter(declared)
    if field.is_repeated:
        return functools.partial(_put_numbers, field.name, convert)
    return functools.partial(_put_scalar, field.name, convert)


def _converter(declared: FieldDescriptor) -> Callable[[object], object]:
    if declared.type == FieldDescriptor.TYPE_STRING:
        return lambda value: utf8(_text_of(value))
    if declared.type == FieldDescriptor.TYPE_BYTES:
        return _id
    if declared.enum_type is not None:
        return functools.partial(_enum, declared.enum_type)
    if declared.type == FieldDescriptor.TYPE_BOOL:
        return _boolean
    return _integer if declared.type in _INTEGERS else _double


def _enum(enum: EnumDescriptor, value: object) -> int | None:
    """The number of an enum's value, given as a number or as a name, whole or in short
    ("SPAN_KIND_CLIENT", "client")."""
    if not isinstance(value, str) or value.isdecimal():
        return _integer(value)
    name = value.upper()
    for known in enum.values:
        if known.name == name or known.name.endswith(f"_{name}"):
            return known.number
    return None


def _boolean(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _put_scalar(
    name: str,
    convert: Callable[[object], object],
    message: Message,
    value: object,
    findings: Findings,
) -> None:
    converted = convert(value)
    try:
        if converted is not None:
            setattr(message, name, converted)
            return
    except (ValueError, TypeError):  # a number outside the field's range
        pass
    findings.warn(f"{name} can't be read and was left out: {value!r:.60}")


def _put_time(name: str, message: Message, value: object, findings: Findings) -> None:
    number = _integer(value)
    # No time was that late: what isn't a time is refused by whoever reads the message.
    late = number is None or not 0 <= number <= _UINT64_MAX
    if late:
        findings.warn(f"{name} is not a number of nanoseconds since 1970: {value!r:.60}")
    setattr(message, name, _UINT64_MAX if late else number)


def _put_numbers(
    name: str,
    convert: Callable[[object], object],
    message: Message,
    value: object,
    findings: Findings,
) -> None:
    try:
        getattr(message, name).extend([convert(item) for item in cast("list[object]", value)])
    except (ValueError, TypeError):
        findings.warn(f"{name} can't be read and was left out: {value!r:.60}")


def _put_message(name: str, message: Message, value: object, findings: Findings) -> None:
    if not isinstance(value, dict):
        findings.warn(f"{name} is not an object and was left out: {value!r:.60}")
        return
    inner = getattr(message, name)
    inner.SetInParent()
    _fill(inner, cast("dict[str, object]", value), findings)


def _put_messages(name: str, message: Message, value: object, findings: Findings) -> None:
    for item in _listed(name, value, findings):
        if isinstance(item, dict):
            _fill(getattr(message, name).add(), cast("dict[str, object]", item), findings)
        elif message.DESCRIPTOR.fields_by_name[name].message_type.name in _ITEMS:
            findings.reject(f"an element of {name} is not an object")
        else:
            findings.warn(f"an element of {name} is not an object and was left out")


def _listed(name: str, value: object, findings: Findings) -> list[object]:
    if isinstance(value, list):
        return cast("list[object]", value)
    findings.warn(f"{name} is not a list and was left out: {value!r:.60}")
    return []


def _put_attributes(name: str, message: Message, value: object, findings: Findings) -> None:
    pairs = _pairs(_listed(name, value, findings), findings, 0)
    getattr(message, name).extend([write_pair(key, item) for key, item in pairs])


def _put_any(name: str, message: Message, value: object, findings: Findings) -> None:
    setattr(message, name, write_value(_value(value, findings, 0)))


def _pairs(pairs: list[object], findings: Findings, depth: int) -> Iterator[tuple[str, Value]]:
    for pair in pairs:
        if isinstance(pair, dict):
            fields = cast("dict[str, object]", pair)
            yield _text_of(fields.get("key", "")), _value(fields.get("value"), findings, depth)
        else:
            findings.warn(f"an attribute is not an object and was left out: {pair!r:.60}")


def _value(source: object, findings: Findings, depth: int) -> Value:
    """The value of an AnyValue, `{}` being null, or of the bare JSON that stands in its place."""
    if isinstance(source, dict):
        for key, value in cast("dict[str, object]", source).items():
            read = _ANY.get(key)
            if read is not None and value is not None:
                return read(value, findings, depth)
        return None
    if isinstance(source, list):
        return _array(cast("list[object]", source), findings, depth)
    return cast("Value", source)


def _string(value: object, _findings: Findings, _depth: int) -> Value:
    return _text_of(value)


def _bool(value: object, _findings: Findings, _depth: int) -> Value:
    found = _boolean(value)
    return _text_of(value) if found is None else found


def _int(value: object, findings: Findings, _depth: int) -> Value:
    found = _integer(value)
    if found is None:
        return value if isinstance(value, float) else _text_of(value)
    if found not in _INT64:
        findings.warn(f"an integer beyond 64 bits was kept as text: {value!r:.60}")
        return _text_of(value)
    return found


def _float(value: object, _findings: Findings, _depth: int) -> Value:
    found = _double(value)
    return _text_of(value) if found is None else found


def _bytes(value: object, findings: Findings, _depth: int) -> Value:
    found = _from_base64(value)
    if found is None:
        findings.warn("a bytesValue is not base64 and was kept as text")
        return _text_of(value)
    return found


def _array(value: object, findings: Findings, depth: int) -> Value:
    if depth >= _DEEPEST:
        return _too_deep(findings)
    return [_value(item, findings, depth + 1) for item in _values(value, findings)]


def _map(value: object, findings: Findings, depth: int) -> Value:
    if depth >= _DEEPEST:
        return _too_deep(findings)
    return dict(_pairs(_values(value, findings), findings, depth + 1))


def _values(value: object, findings: Findings) -> list[object]:
    values = cast("dict[str, object]", value).get("values") if isinstance(value, dict) else value
    return [] if values is None else _listed("values", values, findings)


def _too_deep(findings: Findings) -> Value:
    findings.warn(f"values nested deeper than {_DEEPEST} were left out")
    return "…"


_ANY: dict[str, Callable[[object, Findings, int], Value]] = {
    f"{name}{suffix}": read
    for name, read in {
        "string": _string,
        "bool": _bool,
        "int": _int,
        "double": _float,
        "bytes": _bytes,
        "array": _array,
        "kvlist": _map,
    }.items()
    for suffix in ("Value", "_value")
}


def write(message: Message) -> bytes:
    """A message as OTLP/JSON."""
    limits = Limits(depth=_DEEPEST)
    return msgspec.json.encode(_plain(message, AttributeReader(limits, Findings())))


def _plain(message: Message, reader: AttributeReader) -> dict[str, object]:
    plain: dict[str, object] = {}
    for field, value in message.ListFields():
        write = _writer(message.DESCRIPTOR, field)
        name = field.camelcase_name
        plain[name] = (
            [write(item, reader) for item in value] if field.is_repeated else write(value, reader)
        )
    return plain


@functools.cache
def _writer(owner: Descriptor, field: FieldDescriptor) -> Callable[[Any, AttributeReader], object]:
    """What to do with the values of a field, by the type that it was declared with."""
    if field.message_type is not None:
        return _plain
    declared = _declared(owner).fields_by_name[field.name]
    if declared.message_type is not None:
        return _plain_any if declared.message_type.name == "AnyValue" else _plain_pair
    if declared.type == FieldDescriptor.TYPE_STRING:
        return lambda value, reader: reader.text(value)
    if declared.type == FieldDescriptor.TYPE_BYTES:
        return lambda value, _reader: value.hex()
    if declared.type == FieldDescriptor.TYPE_DOUBLE:
        return lambda value, _reader: _plain_double(value)
    # 64-bit integers are strings, since JavaScript would round them.
    return lambda value, _reader: str(value) if declared.cpp_type in _WIDE else value


def _plain_double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _plain_pair(raw: bytes, reader: AttributeReader) -> object:
    ((key, value),) = reader.attributes([raw]).items()
    return {"key": key, "value": _wrapped(value)}


def _plain_any(raw: bytes, reader: AttributeReader) -> object:
    return _wrapped(reader.value(raw))


def _wrapped(value: Value) -> dict[str, object]:  # noqa: PLR0911 - one for each type
    """A value as an AnyValue."""
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": _plain_double(value)}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case dict():
            pairs = [{"key": key, "value": _wrapped(item)} for key, item in value.items()]
            return {"kvlistValue": {"values": pairs}}
        case _:
            return {"arrayValue": {"values": [_wrapped(item) for item in value]}}
