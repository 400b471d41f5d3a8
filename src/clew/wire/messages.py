"""Messages of any known shape → canonical messages, parts and tool definitions.

The shapes, told apart item by item because senders mix them: parts of the GenAI message schema,
OpenAI chat messages and responses items, Anthropic and Bedrock content blocks, Gemini contents,
LangChain messages in three serialisations, Vercel AI SDK parts. What fits none of them is kept as
a `json` part, so nothing that was said is lost.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from clew.span import Message, Part, ToolDefinition
from clew.wire.contents import CONTENT_NAME
from clew.wire.values import boolean, decoded, record, records, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from clew.span import Value

    Block = dict[str, Value]

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "function": "tool",
    "ipython": "tool",
    "HumanMessage": "user",
    "HumanMessageChunk": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "SystemMessage": "system",
    "SystemMessageChunk": "system",
    "ToolMessage": "tool",
    "ToolMessageChunk": "tool",
    "FunctionMessage": "tool",
}
_LANGCHAIN_TYPES = frozenset({"human", "ai", "system", "tool", "function", "chat", *_ROLES})
_LIST_KEYS = ("messages", "contents", "choices", "candidates", "generations", "output", "input")
"""Keys under which requests, responses and graph states hold their list of messages."""
_REQUEST_KEYS = frozenset({"messages", "contents", "input"})
_ITEM_ROLES = {
    "function_call": "assistant",
    "custom_tool_call": "assistant",
    "reasoning": "assistant",
    "web_search_call": "assistant",
    "file_search_call": "assistant",
    "code_interpreter_call": "assistant",
    "computer_call": "assistant",
    "image_generation_call": "assistant",
    "mcp_call": "assistant",
    "function_call_output": "tool",
    "custom_tool_call_output": "tool",
    "computer_call_output": "tool",
}
"""Items of the OpenAI responses API that carry no role of their own."""
_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^,]*)?,", re.IGNORECASE)
_MODALITIES = frozenset({"image", "audio", "video"})


def parse(value: Value, *, source: str = "", role: str = "user") -> list[Message]:
    """Messages out of whatever a sender put where messages belong.

    Text that is not JSON is one message of `role`, which is also the role of messages that name
    none. A message read from JSON that was cut off is the last one, and marked.
    """
    value, truncated = decoded(value)
    found = [message for item in _items(value) for message in _messages(item, role)]
    joined = _joined(found)
    for message in joined:
        message.source = source
    if joined and truncated:
        joined[-1].truncated = True
    return joined


def recognised(value: Value, *, source: str = "", role: str = "user") -> list[Message]:
    """Messages, where the value is clearly a conversation; otherwise nothing."""
    value, truncated = decoded(value)
    items = recognised_items(value)
    if not items:
        return []
    messages = parse([*items], source=source, role=role)
    if messages and truncated:
        messages[-1].truncated = True
    return messages


def recognised_items(value: Value) -> list[Block]:
    """Messages as they were sent, where the value is clearly a conversation; otherwise nothing."""
    items = _items(value)
    for item in items:
        if not _is_message(item):
            return []
    return cast("list[Block]", items)


def of_user(items: Sequence[Block]) -> Iterator[Message]:
    """The user's messages among `items`, the last first. No other message is read."""
    for item in reversed(items):
        inner = _unwrapped(item)
        if _role_of(inner, "user") == "user":
            yield _message(inner, "user")


def last(items: Sequence[Block]) -> Message | None:
    """The last message of `parse(items)`, without those before its turn."""
    turn: list[Message] = []
    for item in reversed(items):
        message = _message(_unwrapped(item), "user")
        if message.role != "assistant" and turn:
            break
        turn.append(message)
        if message.role != "assistant" or not _starts_with(message, ("tool_call", "text")):
            break
    return _joined(turn[::-1])[-1] if turn else None


def parts(content: Value) -> list[Part]:
    """The parts of a message's content: text, one block, or a list of both."""
    if content is None or content == "":
        return []
    if isinstance(content, (list, tuple)):
        return [part for item in _flat(content) for part in parts(item)]
    if isinstance(content, dict):
        return [_part(content)]
    return [Part(type="text", text=text(content))]


def recognised_parts(value: Value) -> list[Part]:
    """The parts of a message's content, where the value is clearly one; otherwise nothing."""
    return parts(value) if isinstance(value, list) and value and _are_blocks(value) else []


def content_parts(content: Value) -> list[Part]:
    """Like `parts`, for content that may be a list of blocks serialised into a string."""
    if isinstance(content, str) and content.startswith(("[{", "{")):
        blocks = decoded(content).value
        if isinstance(blocks, (list, dict)) and _are_blocks(blocks):
            return parts(blocks)
    return parts(content)


def tool_definitions(value: Value) -> list[ToolDefinition]:
    """Tools that were offered to a model, in the shape of any provider."""
    return [tool for item in records(value) for tool in _tools(item)]


def message_text(message: Message) -> str:
    """What a person would read of a message: its text, without reasoning and tool traffic."""
    return " ".join(part.text for part in message.parts if part.type == "text" and part.text)


def arguments(value: Value) -> Value:
    """Arguments of a tool call: decoded where they are JSON in a string."""
    return decoded(value).value


# Messages.


def _items(value: Value) -> list[Value]:
    """The list of messages inside a request, a response, a state or a bare list."""
    if isinstance(value, (list, tuple)):
        items = list(value)
        # LangChain hands batches: a list of conversations, nearly always of one.
        if len(items) == 1 and isinstance(items[0], (list, tuple)):
            return list(items[0])
        return items
    if isinstance(value, dict) and not _is_message(value):
        for key in _LIST_KEYS:
            held = value.get(key)
            if isinstance(held, (list, tuple)):
                # What answers repeats the instructions that it was given.
                asked = _system_of(value) if key in _REQUEST_KEYS else []
                return [*asked, *_items(list(held))]
        if isinstance(value.get("input"), str) and "instructions" in value:
            return [*_system_of(value), value["input"]]
    return [] if value is None or value == "" else [value]


def _system_of(request: Block) -> list[Value]:
    """System text that a request names beside its messages (Anthropic, Gemini, OpenAI)."""
    config = request.get("config")
    if isinstance(config, dict):
        request = {**config, **request}
    for key in ("system", "instructions", "system_instruction", "systemInstruction"):
        held = request.get(key)
        if held:
            content = held.get("parts") if isinstance(held, dict) else held
            return [{"role": "system", "content": content}]
    return []


def _is_message(item: Value) -> bool:
    if not isinstance(item, dict):
        return False
    if "role" in item and ("content" in item or "parts" in item or "tool_calls" in item):
        return True
    kind = text(item.get("type"))
    return (
        (kind in _LANGCHAIN_TYPES and ("content" in item or "data" in item))
        or kind in _ITEM_ROLES
        or _langchain_class(item) in _ROLES
        or isinstance(item.get("message"), dict)
        or _is_content(item.get("content"))
    )


def _is_content(value: Value) -> bool:
    """Whether this is a content of Gemini, as an answer wraps it."""
    return isinstance(value, dict) and "parts" in value and "role" in value


def _langchain_class(item: Block) -> str:
    """The class name of a LangChain object serialised as `{"lc": 1, "id": [..., name]}`."""
    path = item.get("id")
    if item.get("lc") and isinstance(path, list) and path:
        return text(path[-1])
    return ""


def _messages(item: Value, role: str) -> list[Message]:
    if isinstance(item, (list, tuple)):
        return [message for inner in _flat(item) for message in _messages(inner, role)]
    if not isinstance(item, dict):
        held = parts(item)
        return [Message(role=role, parts=held)] if held else []
    return [_message(_unwrapped(item), role)]


def _flat(items: Iterable[Value]) -> Iterator[Value]:
    """What lists of lists hold, in order. Not by recursion: a sender decides how deep they are."""
    waiting = [iter(items)]
    while waiting:
        for item in waiting[-1]:
            if isinstance(item, (list, tuple)):
                waiting.append(iter(item))
                break
            yield item
        else:
            waiting.pop()


def _unwrapped(item: Block) -> Block:
    """The message inside a choice, a generation, a candidate or a LangChain serialisation."""
    for key in ("message", "kwargs", "data", "content"):
        inner = item.get(key)
        if not isinstance(inner, dict) or (key == "data" and "type" not in item):
            continue
        if key == "kwargs":
            return {"role": _ROLES.get(_langchain_class(item), "user"), **inner}
        if key == "data":
            return {"role": item["type"], **inner}
        if key == "content" and "parts" not in inner:
            continue
        finish = item.get("finish_reason") or item.get("finishReason")
        nested = _unwrapped(inner)
        return {**nested, "finish_reason": finish} if finish else nested
    return item


def _role_of(item: Block, role: str) -> str:
    said = item.get("role")
    if not isinstance(said, str) or not said:
        kind = text(item.get("type"))
        said = kind if kind in _LANGCHAIN_TYPES else _ITEM_ROLES.get(kind, role)
    return _ROLES.get(said, said)


def _message(item: Block, default_role: str) -> Message:
    role = _role_of(item, default_role)
    is_item = text(item.get("type")) in _ITEM_ROLES
    if is_item:
        held = parts(item)
    elif "parts" in item:
        held = parts(item["parts"])
    elif role == "tool" and (item.get("tool_call_id") or isinstance(item.get("content"), str)):
        held = _tool_message_parts(item)
    elif any(key in item for key in ("content", "tool_calls", "refusal", "function_call", "audio")):
        held = _chat_parts(item)
    elif "toolName" in item:
        held = [_tool_call(item)]
    elif isinstance(item.get("text"), str):
        held = [Part(type="text", text=text(item["text"]))]
    else:
        held = [Part(type="json", data=item)]
    return Message(
        role=role,
        name=text(item.get("name")) if role != "tool" and not is_item else "",
        parts=held,
        finish_reason=text(item.get("finish_reason")),
    )


def _tool_message_parts(item: Block) -> list[Part]:
    """The result that a message of a tool is, or the blocks of results that its content lists."""
    listed = content_parts(item.get("content"))
    if listed and all(part.type == "tool_call_response" for part in listed):
        return listed
    return [_tool_message_part(item)]


def _tool_message_part(item: Block) -> Part:
    return Part(
        type="tool_call_response",
        id=text(item.get("tool_call_id") or item.get("id")),
        name=text(item.get("name")),
        response=item.get("content"),
        is_error=item.get("status") == "error" or boolean(item.get("is_error")) is True,
    )


def _chat_parts(item: Block) -> list[Part]:
    """Parts of an OpenAI or LangChain chat message: reasoning, content, refusal, tool calls."""
    held: list[Part] = []
    reasoning = item.get("reasoning_content") or item.get("reasoning")
    if isinstance(reasoning, str):
        held.append(Part(type="reasoning", text=reasoning))
    held += content_parts(item.get("content"))
    if item.get("refusal"):
        held.append(Part(type="refusal", text=text(item["refusal"])))
    audio = item.get("audio")
    if isinstance(audio, dict):
        held.append(_part({"type": "audio", **audio}))
    said = {part.id for part in held if part.type == "tool_call" and part.id}
    calls = item.get("tool_calls") or _kept_calls(item)
    for call in calls if isinstance(calls, (list, tuple)) else []:
        part = _tool_call(call) if isinstance(call, dict) else Part(type="json", data=call)
        # LangChain repeats the tool_use blocks of the content as tool_calls.
        if not part.id or part.id not in said:
            held.append(part)
    legacy = item.get("function_call")
    if isinstance(legacy, dict):
        held.append(_tool_call(legacy))
    return held


def _kept_calls(item: Block) -> Value:
    """Tool calls as the provider sent them, which LangChain keeps beside its own."""
    kept = item.get("additional_kwargs")
    return kept.get("tool_calls") if isinstance(kept, dict) else None


def _joined(messages: list[Message]) -> list[Message]:
    """Neighbours that are one turn made into one message: the responses API lists reasoning,
    text and each call of a turn as items of their own."""
    joined: list[Message] = []
    for message in messages:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.role == message.role == "assistant"
            and not last.finish_reason
            and _starts_with(message, ("tool_call", "text"))
            and _starts_with(last, ("reasoning", "tool_call"))
            and not (last.parts[-1].type == "tool_call" and message.parts[0].type == "text")
        ):
            last.parts.extend(message.parts)
            last.finish_reason = message.finish_reason
        else:
            joined.append(message)
    return joined


def _starts_with(message: Message, types: tuple[str, ...]) -> bool:
    return bool(message.parts) and message.parts[0].type in types


# Parts.


def _are_blocks(value: Value) -> bool:
    blocks = value if isinstance(value, list) else [value]
    return all(isinstance(block, dict) and _reader_of(block) is not _json for block in blocks)


def _part(block: Block) -> Part:
    return _reader_of(block)(block)


def _reader_of(block: Block) -> Callable[[Block], Part]:
    kind = block.get("type")
    if isinstance(kind, str):
        return _READERS.get(kind, _json)
    for key, reader in _KEYED.items():
        if key in block:
            return reader
    return _json


def _json(block: Block) -> Part:
    return Part(type="json", data=block)


def _text(block: Block) -> Part:
    held = block.get("content") if block.get("text") is None else block.get("text")
    kind = "reasoning" if block.get("thought") is True else "text"
    return Part(type=kind, text=text(held))


def _reasoning(block: Block) -> Part:
    for key in ("content", "text", "thinking", "reasoning", "reasoningText", "summary"):
        held = block.get(key)
        if isinstance(held, dict):
            held = held.get("text")
        if isinstance(held, (list, tuple)):
            held = "\n".join(part.text for part in parts(list(held)))
        if held:
            return Part(type="reasoning", id=text(block.get("id")), text=text(held))
    # Redacted or encrypted: nothing to read, but that there was reasoning is worth showing.
    return Part(type="reasoning", id=text(block.get("id")), data=block)


def _refusal(block: Block) -> Part:
    return Part(type="refusal", text=text(block.get("refusal") or block.get("content")))


def _tool_call(block: Block) -> Part:
    function = block.get("function")
    inner = function if isinstance(function, dict) else block
    name = inner.get("name") or inner.get("toolName") or inner.get("tool_name")
    given = next((inner[key] for key in _ARGUMENT_KEYS if inner.get(key) is not None), None)
    return Part(
        type="tool_call",
        id=text(next((block[key] for key in _CALL_ID_KEYS if block.get(key)), "")),
        name=text(name),
        arguments=arguments(given),
    )


def _tool_response(block: Block) -> Part:
    response = next((block[key] for key in _RESPONSE_KEYS if block.get(key) is not None), None)
    failed = any(boolean(block.get(key)) is True for key in ("is_error", "isError"))
    if isinstance(response, dict) and response.keys() == {"type", "value"}:
        # The AI SDK says of a result what it is.
        failed = failed or text(response["type"]).startswith("error-")
        response = response["value"]
    return Part(
        type="tool_call_response",
        id=text(next((block[key] for key in _CALL_ID_KEYS if block.get(key)), "")),
        name=text(block.get("name") or block.get("toolName")),
        response=response,
        is_error=failed or block.get("status") == "error",
    )


def _keyed(key: str, reader: Callable[[Block], Part]) -> Callable[[Block], Part]:
    """A reader for blocks that name their type by a key: `{"functionCall": {…}}`."""

    def read(block: Block) -> Part:
        inner = block.get(key)
        return reader(inner) if isinstance(inner, dict) else _json(block)

    return read


def _server_tool(key: str, reader: Callable[[Block], Part]) -> Callable[[Block], Part]:
    """A reader for calls that the provider ran itself, whose body has the type as its key."""

    def read(block: Block) -> Part:
        part = reader(block)
        if part.type == "tool_call" and part.arguments is None:
            part.arguments = block.get(key)
        if part.type == "tool_call_response" and part.response is None:
            part.response = block.get(key)
        return part

    return read


def _builtin_call(block: Block) -> Part:
    """A call of a tool that the provider runs, as one item of the responses API."""
    kind = text(block.get("type"))
    name = text(block.get("name")) or kind.removesuffix("_call")
    rest = {key: held for key, held in block.items() if key not in ("type", "id", "name")}
    return Part(type="tool_call", id=text(block.get("id")), name=name, arguments=rest)


def _media(block: Block) -> Part:
    """An image, a sound, a film or a file: bytes, a link, or the id of an upload."""
    kind = text(block.get("type"))
    modality = text(block.get("modality")) or next((m for m in _MODALITIES if m in kind), "")
    inner = _media_body(block)
    mime_type = _mime_type(inner, modality) or _mime_type(block, "")
    data = next((inner[key] for key in _DATA_KEYS if inner.get(key)), None)
    uri = text(next((inner[key] for key in _URI_KEYS if inner.get(key)), ""))
    file_id = text(inner.get("file_id") or inner.get("fileId"))
    name = text(inner.get("filename") or inner.get("name") or inner.get("title"))
    heard = text(inner.get("transcript"))
    if isinstance(data, str) and (_DATA_URL.match(data) or data.startswith(("http:", "https:"))):
        uri = data
    elif data is not None:
        return _blob(data, mime_type, modality, name=name, heard=heard)
    if uri:
        return _linked(uri, mime_type, modality, name=name, heard=heard)
    if file_id:
        return Part(type="file", file_id=file_id, mime_type=mime_type, modality=modality, name=name)
    return Part(type="text", text=heard) if heard else _json(block)


def _media_body(block: Block) -> Block:
    """Where a media block keeps its data: in a block of its own, or in itself."""
    for key in (
        "source",
        "image_url",
        "input_audio",
        "image",
        "audio",
        "video",
        "file",
        "document",
    ):
        inner = block.get(key)
        if isinstance(inner, dict):
            return _media_body(inner) if isinstance(inner.get("source"), dict) else inner
        if isinstance(inner, str) and inner:
            return {"url": inner} if _is_link(inner) else {**block, "data": inner}
    return block


def _is_link(value: str) -> bool:
    return value.startswith(("http:", "https:", "data:", "gs:", "s3:"))


def _mime_type(block: Block, modality: str) -> str:
    for key in ("mime_type", "mimeType", "media_type", "mediaType"):
        if block.get(key):
            return text(block[key])
    kind = text(block.get("format"))
    return f"{modality}/{kind}" if kind and modality else ""


def _blob(data: Value, mime_type: str, modality: str, *, name: str = "", heard: str = "") -> Part:
    stored = isinstance(data, str) and data.startswith(CONTENT_NAME)
    return Part(
        type="blob",
        mime_type=mime_type,
        modality=modality or _modality_of(mime_type),
        name=name,
        text=heard,
        content_hash=text(data).removeprefix(CONTENT_NAME) if stored else "",
        data=None if stored else data,
    )


def _linked(uri: str, mime_type: str, modality: str, *, name: str = "", heard: str = "") -> Part:
    match = _DATA_URL.match(uri)
    if match:
        return _blob(uri[match.end() :], match[1] or mime_type, modality, name=name, heard=heard)
    return Part(
        type="uri",
        uri=uri,
        mime_type=mime_type,
        modality=modality or _modality_of(mime_type),
        name=name,
        text=heard,
    )


def _modality_of(mime_type: str) -> str:
    family = mime_type.partition("/")[0]
    return family if family in _MODALITIES else "document" if mime_type else ""


def _compaction(block: Block) -> Part:
    return Part(type="compaction", id=text(block.get("id")), text=text(block.get("content")))


_ARGUMENT_KEYS = ("arguments", "args", "input", "parameters")
_RESPONSE_KEYS = ("response", "result", "output", "content")
_CALL_ID_KEYS = ("call_id", "tool_call_id", "toolCallId", "tool_use_id", "toolUseId", "id")
_DATA_KEYS = ("data", "content", "file_data", "fileData", "bytes", "b64_json", "base64")
_URI_KEYS = ("uri", "url", "image_url", "audio_url", "file_uri", "fileUri", "file_url")

_READERS: dict[str, Callable[[Block], Part]] = {
    **dict.fromkeys(("text", "input_text", "output_text", "summary_text"), _text),
    **dict.fromkeys(("reasoning", "thinking", "redacted_thinking", "reasoning_text"), _reasoning),
    "refusal": _refusal,
    **dict.fromkeys(
        ("tool_call", "tool_use", "tool-call", "function_call", "function", "custom_tool_call"),
        _tool_call,
    ),
    **dict.fromkeys(
        (
            "tool_call_response",
            "tool_result",
            "tool-result",
            "function_call_output",
            "custom_tool_call_output",
            "computer_call_output",
            "mcp_tool_result",
            "web_search_tool_result",
            "code_execution_tool_result",
        ),
        _tool_response,
    ),
    **dict.fromkeys(("server_tool_use", "mcp_tool_use"), _tool_call),
    "server_tool_call": _server_tool("server_tool_call", _tool_call),
    "server_tool_call_response": _server_tool("server_tool_call_response", _tool_response),
    **dict.fromkeys(
        (
            "web_search_call",
            "file_search_call",
            "code_interpreter_call",
            "computer_call",
            "image_generation_call",
            "mcp_call",
        ),
        _builtin_call,
    ),
    **dict.fromkeys(
        (
            "image",
            "image_url",
            "input_image",
            "audio",
            "input_audio",
            "video",
            "file",
            "input_file",
            "document",
            "media",
            "blob",
            "uri",
        ),
        _media,
    ),
    "compaction": _compaction,
}
_KEYED: dict[str, Callable[[Block], Part]] = {
    "function_call": _keyed("function_call", _tool_call),
    "functionCall": _keyed("functionCall", _tool_call),
    "toolUse": _keyed("toolUse", _tool_call),
    "function_response": _keyed("function_response", _tool_response),
    "functionResponse": _keyed("functionResponse", _tool_response),
    "toolResult": _keyed("toolResult", _tool_response),
    "inline_data": _keyed("inline_data", _media),
    "inlineData": _keyed("inlineData", _media),
    "file_data": _keyed("file_data", _media),
    "fileData": _keyed("fileData", _media),
    "reasoningContent": _keyed("reasoningContent", _reasoning),
    "image": lambda block: _media({"type": "image", **block}),
    "video": lambda block: _media({"type": "video", **block}),
    "document": lambda block: _media({"type": "document", **block}),
    "text": _text,
}
"""Blocks without a type, told apart by the key that they have (Gemini, Bedrock)."""


# Tools.


def _tools(item: Block) -> list[ToolDefinition]:
    declared = item.get("function_declarations") or item.get("functionDeclarations")
    if declared:
        return tool_definitions(declared)
    for key in ("function", "toolSpec"):
        inner = item.get(key)
        if isinstance(inner, dict):
            return [_tool(inner, "function")]
    return [_tool(item, text(item.get("type")) or "function")]


def _tool(item: Block, kind: str) -> ToolDefinition:
    schema = next((item[key] for key in _SCHEMA_KEYS if item.get(key) is not None), None)
    if isinstance(schema, str):
        schema = record(schema) or schema
    if isinstance(schema, dict) and list(schema) == ["json"]:
        schema = schema["json"]
    # A tool that the provider runs itself has a type and no name.
    name = text(item.get("name")) or kind
    return ToolDefinition(
        name=name, description=text(item.get("description")), type=kind, parameters=schema
    )


_SCHEMA_KEYS = (
    "parameters",
    "input_schema",
    "inputSchema",
    "parameters_json_schema",
    "parametersJsonSchema",
    "schema",
)
