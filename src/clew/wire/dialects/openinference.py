"""OpenInference: kinds, flattened messages, documents, embeddings, annotations.

https://github.com/Arize-ai/openinference/tree/main/spec
"""

from __future__ import annotations

import hashlib
import re
from itertools import count as count_up
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

import msgspec

from clew import conventions as c
from clew.score import Score
from clew.span import Conversation, Document, Log, Message, Part
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.messages import content_parts, parse, parts, recognised, tool_definitions
from clew.wire.previews import (
    Preview,
    fold,
    of_answer,
    of_arguments,
    of_input,
    of_messages,
    of_output,
    of_prompt,
)
from clew.wire.values import (
    decoded,
    decoded_json,
    flat_texts,
    number,
    read_counts,
    read_texts,
    record,
    text,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Kind, Span, ToolDefinition, Value
    from clew.wire.shape import Shape

    Annotator = Literal["sdk", "user", "person", "code", "model"]
    Tree = dict[str, Value]

_KINDS: dict[str, Kind] = {
    "LLM": "llm",
    "DECISION": "llm",
    "EMBEDDING": "embedding",
    "RERANKER": "rerank",
    "RETRIEVER": "retrieval",
    "TOOL": "tool",
    "AGENT": "agent",
    "CHAIN": "step",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "evaluation",
    "PROMPT": "prompt",
}
_TEXTS = (
    (c.LLM_RESPONSE_MODEL_NAME, "response_model"),
    (c.LLM_REQUEST_MODEL_NAME, "request_model"),
    # The response's model where the sender knew it, else the request's.
    (c.LLM_MODEL_NAME, "response_model"),
    (c.EMBEDDING_MODEL_NAME, "request_model"),
    (c.RERANKER_MODEL_NAME, "request_model"),
    (c.DECISION_RESPONSE_MODEL_NAME, "response_model"),
    (c.DECISION_REQUEST_MODEL_NAME, "request_model"),
    (c.DECISION_MODEL_NAME, "response_model"),
    (c.LLM_PROVIDER, "provider"),
    (c.LLM_SYSTEM, "provider"),
    (c.DECISION_PROVIDER, "provider"),
    (c.DECISION_SYSTEM, "provider"),
    (c.SESSION_ID, "session_id"),
    (c.USER_ID, "user_id"),
    (c.AGENT_NAME, "agent_name"),
    (c.TOOL_NAME, "tool_name"),
    (c.TOOL_ID, "tool_call_id"),
    (c.TOOL_DESCRIPTION, "tool_description"),
    (c.PROMPT_ID, "prompt_name"),
    (c.LLM_PROMPT_TEMPLATE_VERSION, "prompt_version"),
)
_USAGE = (
    (c.LLM_TOKEN_COUNT_PROMPT, "input_tokens"),
    (c.LLM_TOKEN_COUNT_COMPLETION, "output_tokens"),
    (c.LLM_TOKEN_COUNT_TOTAL, "total_tokens"),
    (c.LLM_TOKEN_COUNT_CACHE_READ, "cache_read_tokens"),
    (c.LLM_TOKEN_COUNT_CACHE_INPUT, "cache_read_tokens"),
    (c.LLM_TOKEN_COUNT_CACHE_WRITE, "cache_write_tokens"),
    (c.LLM_TOKEN_COUNT_REASONING, "reasoning_tokens"),
    (c.LLM_TOKEN_COUNT_AUDIO_INPUT, "audio_input_tokens"),
    (c.LLM_TOKEN_COUNT_AUDIO_OUTPUT, "audio_output_tokens"),
    (c.DECISION_TOKEN_COUNT_INPUT, "input_tokens"),
    (c.DECISION_TOKEN_COUNT_OUTPUT, "output_tokens"),
)
_COST = (
    (c.LLM_COST_PROMPT, "input_usd"),
    (c.LLM_COST_COMPLETION, "output_usd"),
    (c.LLM_COST_TOTAL, "total_usd"),
)
_MEASURED = frozenset({c.LLM_FINISH_REASON, c.OUTPUT_VALUE, *(name for name, _ in _USAGE + _COST)})
_RULED = (
    (c.SESSION_ID, "session_id"),
    (c.DECISION_MODEL_NAME, "model"),
    (c.RERANKER_MODEL_NAME, "model"),
    (c.EMBEDDING_MODEL_NAME, "model"),
    (c.LLM_MODEL_NAME, "model"),
    (c.LLM_REQUEST_MODEL_NAME, "model"),
    (c.LLM_RESPONSE_MODEL_NAME, "model"),
    (c.LLM_PROMPT_TEMPLATE_VERSION, "prompt"),
    (c.PROMPT_ID, "prompt"),
    (c.LLM_SYSTEM, "provider"),
    (c.LLM_PROVIDER, "provider"),
)
"""Attributes that decide a field; of several the last one that is there."""
_LABELS = frozenset(
    {
        c.LLM_INVOCATION_PARAMETERS,
        c.EMBEDDING_INVOCATION_PARAMETERS,
        c.METADATA,
        c.TAG_TAGS,
        c.LLM_PROMPT_TEMPLATE_VARIABLES,
    }
)
_NOT_PARAMETERS = frozenset(
    "messages input tools functions model stream instructions id created_at object status output"
    " usage error metadata base_url".split()
)
"""What stands among the parameters and is none: some instrumentors give the whole request there,
some the whole response."""
_SIGNS = frozenset(
    {
        c.OPENINFERENCE_SPAN_KIND,
        c.INPUT_VALUE,
        c.OUTPUT_VALUE,
        c.LLM_MODEL_NAME,
        c.METADATA,
        c.TAG_TAGS,
        c.LLM_PROMPT_TEMPLATE,
        c.LLM_PROMPT_TEMPLATE_VERSION,
        c.LLM_TOKEN_COUNT_PROMPT,
        c.LLM_TOKEN_COUNT_COMPLETION,
        c.LLM_COST_PROMPT,
        c.LLM_COST_TOTAL,
        c.GRAPH_NODE_ID,
        c.SESSION_ID,
        c.INPUT_IMAGES + ".0.image.url",
        c.LLM_INPUT_MESSAGES + ".0.message.role",
        c.LLM_OUTPUT_MESSAGES + ".0.message.role",
        c.RETRIEVAL_DOCUMENTS + ".0.document.content",
    }
)
_CONTENT = frozenset(
    {
        c.INPUT_VALUE,
        c.OUTPUT_VALUE,
        c.LLM_INPUT_MESSAGES,
        c.LLM_INPUT_MESSAGES + ".",
        c.LLM_OUTPUT_MESSAGES + ".",
        c.LLM_PROMPTS + ".",
        c.EMBEDDING_EMBEDDINGS + ".",
        c.RERANKER_QUERY,
        c.RETRIEVAL_DOCUMENTS + ".",
        c.RERANKER_OUTPUT_DOCUMENTS + ".",
    }
)
_SENT_ROLES = {"tool-call": "assistant", "tool-response": "user"}
"""Roles of smolagents' memory, and the roles as which it sends such messages to the model."""
_ANNOTATORS: dict[str, Annotator] = {"HUMAN": "person", "LLM": "model", "CODE": "code"}


class _RawAnswer(msgspec.Struct):
    """What is read of a provider's raw response."""

    id: str = ""
    model: str = ""


_raw_answer = msgspec.json.Decoder(_RawAnswer).decode


def _says_kind(shape: Shape) -> bool:
    return c.OPENINFERENCE_SPAN_KIND in shape.names


def _kind(span: Span) -> Kind | None:
    return _KINDS.get(text(span.attributes.get(c.OPENINFERENCE_SPAN_KIND)).upper())


def _explicit_kind(span: Span, _shape: Shape) -> Found:
    """The kind that the sender chose, which outranks every other sign of it."""
    kind = _kind(span)
    return {"kind": kind, "rules": {"kind": c.OPENINFERENCE_SPAN_KIND}} if kind else {}


def _matches(shape: Shape) -> bool:
    return shape.has(_SIGNS)


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    rules = {field: name for name, field in shape.of(_RULED)}
    read_texts(attributes, shape.of(_TEXTS), found)
    if shape.has(_MEASURED):
        _read_numbers(attributes, shape, found, rules)
    if shape.has(_LABELS):
        _read_parameters(attributes, found)
        _read_labels(attributes, found)
    for event in span.events:
        if event.name == c.OPENINFERENCE_EVENT_FIRST_TOKEN and event.time_ns >= span.start_ns:
            found["ttft_ns"] = event.time_ns - span.start_ns
            break
    if rules:
        found["rules"] = rules
    return found


def _previews(span: Span, kind: Kind) -> Preview:
    attributes = span.attributes
    value_in, value_out = attributes.get(c.INPUT_VALUE), attributes.get(c.OUTPUT_VALUE)
    if kind == "tool":
        return Preview(of_arguments(value_in), of_output(value_out))
    if kind == "llm":
        said = _last_user(attributes)
        heard = _message_at(attributes, c.LLM_OUTPUT_MESSAGES, 0, "assistant")
        if heard and heard.parts:
            said = said or of_prompt(value_in)
            return Preview(said, of_messages([heard]), _refuses(heard))
        answer, refused = of_answer(value_out)
        return Preview(said or of_prompt(value_in), answer, refused)
    if kind == "embedding":
        return Preview(_embedded(attributes) or of_input(value_in))
    query = attributes.get(c.RERANKER_QUERY)
    found = attributes.get(f"{c.RETRIEVAL_DOCUMENTS}.0.document.content") or attributes.get(
        f"{c.RERANKER_OUTPUT_DOCUMENTS}.0.document.content"
    )
    return Preview(
        of_input(value_in) or fold(text(query)),
        of_output(value_out) or fold(text(found)),
    )


def _conversation(span: Span, logs: Sequence[Log]) -> Conversation | None:
    del logs
    attributes = span.attributes
    kind = _kind(span)
    built = Conversation(
        messages_in=_flattened(attributes, c.LLM_INPUT_MESSAGES, "user"),
        messages_out=_flattened(attributes, c.LLM_OUTPUT_MESSAGES, "assistant"),
        tools=_tools(attributes),
        documents=_documents(attributes),
    )
    value_in = _value(attributes, c.INPUT_VALUE, c.INPUT_MIME_TYPE)
    value_out = _value(attributes, c.OUTPUT_VALUE, c.OUTPUT_MIME_TYPE)
    if kind != "llm":
        built.input = value_in if value_in is not None else _queries(attributes)
        built.output = value_out
        return built
    built.messages_in = (
        built.messages_in
        or _completions(attributes, c.LLM_PROMPTS, "prompt.text", "user")
        or recognised(value_in, source=c.INPUT_VALUE)
    )
    # A refusal has no place in the flattened messages: they are empty then.
    flattened_out = [message for message in built.messages_out if message.parts]
    built.messages_out = (
        flattened_out
        or _completions(attributes, c.LLM_CHOICES, "completion.text", "assistant")
        or recognised(value_out, source=c.OUTPUT_VALUE, role="assistant")
    )
    # The raw request repeats the messages; it is shown only where there are none.
    built.input = None if built.messages_in else value_in
    built.output = None if built.messages_out else value_out
    return built


_JUDGEMENT = re.compile(
    rf"^(?:trace\.|session\.)?(?:{c.ANNOTATIONS}|{c.EVALUATIONS})\.0\.", re.MULTILINE
).search


def _judges(attributes: Attributes) -> bool:
    """Whether a judgement is among the attributes; few spans have a list at all."""
    names = "\n".join(attributes)
    return ".0." in names and _JUDGEMENT(names) is not None


def _scores(source: Span | Log) -> list[Score]:
    """Annotations and evaluations of the span, of its trace or session, or of the one span that
    it links to (then it is only their carrier)."""
    if isinstance(source, Log) or not _judges(source.attributes):
        return []
    carried = len(source.links) == 1 and _kind(source) == "evaluation"
    target = source.links[0] if carried else source
    session_id = text(source.attributes.get(c.SESSION_ID))
    owners = (
        ("", {"trace_id": target.trace_id, "span_id": target.span_id}),
        ("trace.", {"trace_id": target.trace_id}),
        ("session.", {"session_id": session_id} if session_id else {}),
    )
    found: list[Score] = []
    for scope, owner in owners:
        if owner:
            found += _annotations(source, scope + c.ANNOTATIONS, "annotation", owner)
            found += _annotations(source, scope + c.EVALUATIONS, "evaluation", owner)
    return found


def _read_numbers(
    attributes: Attributes, shape: Shape, found: Found, rules: dict[str, str]
) -> None:
    usage: Found = {}
    read_counts(attributes, shape.of(_USAGE), usage)
    if usage:
        found["usage"] = usage
        rules["usage"] = c.LLM_TOKEN_COUNT_PROMPT
    cost = {
        field: amount
        for name, field in shape.of(_COST)
        if (amount := number(attributes[name])) is not None
    }
    if cost:
        found["cost"] = {**cost, "source": "client"}
        rules["cost"] = c.LLM_COST_TOTAL
    finish = attributes.get(c.LLM_FINISH_REASON)
    if finish:
        found["finish_reasons"] = texts(finish)
    _read_raw_answer(attributes, found)


def _read_raw_answer(attributes: Attributes, found: Found) -> None:
    """The provider's id of a model's answer, which only the raw response has. By it the same call
    is known again where another instrumentor reports it too. The model, where nothing else says."""
    value = attributes.get(c.OUTPUT_VALUE)
    if attributes.get(c.OPENINFERENCE_SPAN_KIND) != "LLM" or not isinstance(value, str):
        return
    try:
        answer = _raw_answer(value)
    except msgspec.MsgspecError:
        return
    if answer.id:
        found["response_id"] = answer.id
    if answer.model and c.LLM_MODEL_NAME not in attributes:
        found.setdefault("response_model", answer.model)


def _read_parameters(attributes: Attributes, found: Found) -> None:
    for name in (c.LLM_INVOCATION_PARAMETERS, c.EMBEDDING_INVOCATION_PARAMETERS):
        if name not in attributes:
            continue
        given = record(attributes[name])
        parameters = {k: v for k, v in given.items() if k not in _NOT_PARAMETERS and v is not None}
        if parameters:
            found["model_parameters"] = parameters
        if isinstance(given.get("model"), str) and given["model"]:
            found.setdefault("request_model", given["model"])
        if isinstance(given.get("stream"), bool):
            found["stream"] = given["stream"]


def _read_labels(attributes: Attributes, found: Found) -> None:
    if c.METADATA in attributes:
        metadata = flat_texts(attributes[c.METADATA])
        if metadata:
            found["metadata"] = metadata
    if c.TAG_TAGS in attributes:
        found["tags"] = texts(attributes[c.TAG_TAGS])
    if c.LLM_PROMPT_TEMPLATE_VARIABLES in attributes:
        found["prompt_variables"] = flat_texts(attributes[c.LLM_PROMPT_TEMPLATE_VARIABLES])


def _value(attributes: Attributes, name: str, mime_name: str) -> Value:
    """Input or output: decoded where it is JSON. Without a MIME type the sender often forgot it."""
    value = attributes.get(name)
    mime_type = attributes.get(mime_name)
    if mime_type == "application/json":
        return decoded_json(value).value
    return decoded(value).value if mime_type is None else value


# Flattened lists: `prefix.{i}.suffix`.


def _tree(attributes: Attributes, prefix: str) -> Tree:
    """The attributes under a prefix as nested mappings; lists are mappings of digits."""
    root: Tree = {}
    start = len(prefix) + 1
    for name, value in attributes.items():
        if not name.startswith(prefix) or name[start - 1 : start] != ".":
            continue
        *path, leaf = name[start:].split(".")
        node = root
        for step in path:
            below = node.get(step)
            if not isinstance(below, dict):
                below = node[step] = {}
            node = below
        node[leaf] = value
    return root


def _listed(tree: Value) -> list[Tree]:
    """The members of a list that is kept as a mapping of digits, in order."""
    if not isinstance(tree, dict):
        return []
    indexes = sorted((int(key), key) for key in tree if key.isdecimal())
    return [member for _, key in indexes if isinstance(member := tree[key], dict)]


def _inner(tree: Tree, name: str) -> Tree:
    held = tree.get(name)
    return held if isinstance(held, dict) else {}


def _flattened(attributes: Attributes, prefix: str, role: str) -> list[Message]:
    whole = attributes.get(prefix)
    if whole is not None:
        return parse(whole, source=prefix, role=role)
    tree = _tree(attributes, prefix)
    indexes = sorted(int(key) for key in tree if key.isdecimal())
    return [
        _message(_inner(_inner(tree, str(index)), "message"), role, f"{prefix}.{index}")
        for index in indexes
    ]


def _message(fields: Tree, role: str, source: str) -> Message:
    said = text(fields.get("role")) or role
    said = _SENT_ROLES.get(said, said)
    call_id = text(fields.get("tool_call_id"))
    contents = [part for item in _listed(fields.get("contents")) for part in _contents(item)]
    if call_id or said == "tool":
        response = fields.get("content")
        if response is None and contents:
            response = "\n".join(part.text for part in contents)
        held = [
            Part(
                type="tool_call_response",
                id=call_id,
                name=text(fields.get("name")),
                response=response,
            )
        ]
        return Message(role=said, parts=held, source=source)
    held = contents or content_parts(fields.get("content"))
    listed = {part.id for part in held if part.type == "tool_call" and part.id}
    for item in _listed(fields.get("tool_calls")):
        call = _tool_call(_inner(item, "tool_call"))
        if not call.id or call.id not in listed:
            held.append(call)
    if fields.get("function_call_name"):
        given = decoded(fields.get("function_call_arguments_json")).value
        name = text(fields["function_call_name"])
        held.append(Part(type="tool_call", name=name, arguments=given))
    return Message(role=said, name=text(fields.get("name")), parts=held, source=source)


def _tool_call(fields: Tree) -> Part:
    function = _inner(fields, "function")
    return Part(
        type="tool_call",
        id=text(fields.get("id")),
        name=text(function.get("name")),
        arguments=decoded(function.get("arguments")).value,
    )


def _contents(item: Tree) -> list[Part]:
    if "tool_call" in item:
        return [_tool_call(_inner(item, "tool_call"))]
    fields = _inner(item, "message_content")
    kind = text(fields.get("type"))
    if kind in ("image", "audio", "video", "document"):
        # The member is named twice: `message_content.image.image.url`.
        media = _inner(_inner(fields, kind), kind)
        return parts({"type": kind, kind: media})
    if kind == "reasoning":
        return parts({**fields, "type": "reasoning"})
    if kind == "tool_use":
        return [_tool_call(_inner(fields, "tool_call") or fields)]
    held = fields.get("text")
    return [Part(type="text", text=text(held))] if held not in (None, "") else []


def _message_at(attributes: Attributes, prefix: str, index: int, role: str) -> Message | None:
    """One message without a walk over all attributes, as far as a preview needs it."""
    base = f"{prefix}.{index}.message."
    said = attributes.get(base + "role")
    held: list[Part] = []
    for position in count_up():
        name = f"{base}contents.{position}.message_content.type"
        if name not in attributes:
            break
        words = attributes.get(f"{base}contents.{position}.message_content.text")
        kind = text(attributes[name])
        if kind == "text" and words:
            held.append(Part(type="text", text=text(words)))
        elif kind in ("image", "audio", "video", "document"):
            held.append(Part(type="blob", modality=kind))
    # Some say the text twice, as the content and as its only part.
    held = held or content_parts(attributes.get(base + "content"))
    for position in count_up():
        call = f"{base}tool_calls.{position}.tool_call."
        name = attributes.get(call + "function.name")
        if name is None:
            break
        given = decoded(attributes.get(call + "function.arguments")).value
        held.append(Part(type="tool_call", name=text(name), arguments=given))
    return Message(role=text(said) or role, parts=held) if held or said else None


def _last_user(attributes: Attributes) -> str:
    whole = attributes.get(c.LLM_INPUT_MESSAGES)
    if whole is not None:
        return of_prompt(whole)
    last = -1
    total = 0
    for index in count_up():
        role = attributes.get(f"{c.LLM_INPUT_MESSAGES}.{index}.message.role")
        if role is None:
            break
        total = index + 1
        if role in ("user", "human"):
            last = index
    if not total:
        return fold(text(attributes.get(f"{c.LLM_PROMPTS}.0.prompt.text")))
    message = _message_at(
        attributes, c.LLM_INPUT_MESSAGES, last if last >= 0 else total - 1, "user"
    )
    return of_messages([message]) if message else ""


def _embedded(attributes: Attributes) -> str:
    """The texts that were embedded, as far as they are told."""
    told = (
        attributes.get(f"{c.EMBEDDING_EMBEDDINGS}.{index}.embedding.text") for index in count_up()
    )
    return fold(" ".join(map(text, takewhile(lambda words: words is not None, told))))


def _refuses(message: Message) -> bool:
    return any(part.type == "refusal" for part in message.parts)


def _completions(attributes: Attributes, prefix: str, suffix: str, role: str) -> list[Message]:
    """Prompts and choices of the completions API."""
    found: list[Message] = []
    for index in count_up():
        held = attributes.get(f"{prefix}.{index}.{suffix}")
        if held is None:
            return found
        words = [Part(type="text", text=text(held))]
        found.append(Message(role=role, parts=words, source=f"{prefix}.{index}"))
    return found


def _tools(attributes: Attributes) -> list[ToolDefinition]:
    whole = attributes.get(c.LLM_TOOLS)
    if whole is not None:
        return tool_definitions(whole)
    found: list[ToolDefinition] = []
    for item in _listed(_tree(attributes, c.LLM_TOOLS)):
        fields = _inner(item, "tool")
        schema = record(fields.get("json_schema"))
        named = {key: fields[key] for key in ("name", "description") if key in fields}
        found += tool_definitions([{**schema, **named} if schema else named])
    if not found:
        given = record(attributes.get(c.LLM_INVOCATION_PARAMETERS))
        found = tool_definitions(given.get("tools"))
    return found


def _documents(attributes: Attributes) -> list[Document]:
    for prefix in (c.RETRIEVAL_DOCUMENTS, c.RERANKER_OUTPUT_DOCUMENTS, c.OUTPUT_DOCUMENTS):
        found = [_document(_inner(item, "document")) for item in _listed(_tree(attributes, prefix))]
        if found:
            return found
    return []


def _document(fields: Tree) -> Document:
    metadata = decoded(fields.get("metadata")).value
    beside = {key: fields[key] for key in ("url", "mime_type", "name") if fields.get(key)}
    if beside:
        metadata = {**beside, **(metadata if isinstance(metadata, dict) else {})}
    return Document(
        id=text(fields.get("id")),
        content=text(fields.get("content")),
        score=number(fields.get("score")),
        metadata=metadata,
    )


def _queries(attributes: Attributes) -> Value:
    """What was asked of a reranker or an embedder that gave no `input.value`."""
    query = attributes.get(c.RERANKER_QUERY)
    if query is not None:
        asked = [
            text(_inner(item, "document").get("content"))
            for item in _listed(_tree(attributes, c.RERANKER_INPUT_DOCUMENTS))
        ]
        return {"query": query, "documents": list(asked)}
    embedded = _listed(_tree(attributes, c.EMBEDDING_EMBEDDINGS))
    words = [_inner(item, "embedding").get("text") for item in embedded]
    return [held for held in words if held is not None] or None


# Annotations.


def _annotations(source: Span, prefix: str, member: str, owner: dict[str, str]) -> list[Score]:
    if not any(name.startswith(prefix + ".0.") for name in source.attributes):
        return []
    found: list[Score] = []
    for item in _listed(_tree(source.attributes, prefix)):
        fields = _inner(item, member)
        name = text(fields.get("name"))
        if not name:
            continue
        key = ":".join((*owner.values(), name, text(fields.get("identifier")) or source.span_id))
        value = number(fields.get("score"))
        found.append(
            Score(
                score_id=hashlib.blake2b(key.encode(), digest_size=16).hexdigest(),
                name=name,
                data_type="category" if value is None else "number",
                value=value,
                label=text(fields.get("label")),
                comment=text(fields.get("explanation")),
                source=_ANNOTATORS.get(text(fields.get("annotator_kind")).upper(), "sdk"),
                time_ns=source.end_ns or source.start_ns,
                metadata=flat_texts(fields.get("metadata")),
                **owner,
            )
        )
    return found


KIND = Dialect("openinference", 1, _says_kind, _explicit_kind)
DIALECT = Dialect(
    "openinference", 1, _matches, _facts, _previews, _conversation, _scores, content=_CONTENT
)
