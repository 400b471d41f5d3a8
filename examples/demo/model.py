"""A small fake model server: the OpenAI endpoints over real HTTP on the loopback interface, and
those of other providers that are given to it (`anthropic_api`, `gemini_api`).

What it answers is decided by a script, a plain function from `Request` to `Reply` or `Failure`,
so that an agent run against it is the same every time. Tokens are counted from the text, the
latency follows from the tokens and is told in the headers; `latency_scale` says how much of it is
really waited for.

    with FakeModel(lambda request: Reply(text="Hello!")) as model:
        OpenAI(base_url=model.url, api_key="any").chat.completions.create(...)
"""

# ruff: noqa: D102 (properties that are called like the field they read)

from __future__ import annotations

import hashlib
import json
import socket
import struct
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self, TypeAlias, cast

Json: TypeAlias = dict[str, "object"]

LATENCY_HEADER = "openai-processing-ms"
FIRST_TOKEN_HEADER = "x-first-token-ms"  # noqa: S105 (a token of text)
IMAGE_TOKENS = 765
"""What OpenAI bills for one high-detail square image."""


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """One call that the model asks for; `arguments` are sent as a JSON string."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the model answers. Token counts that are None are counted from the text."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str = ""
    finish_reason: str = ""
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    reasoning_tokens: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_s: float | None = None

    @property
    def reason(self) -> str:
        """The finish reason, unless the script gave one: tool_calls, else stop."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error answer; `retry_after_s` becomes the header that clients wait by."""

    status: int
    message: str
    code: str = "server_error"
    retry_after_s: float | None = None
    latency_s: float = 0.2


@dataclass(frozen=True)
class Request:
    """What a client sent, with the parts that scripts decide by."""

    path: str
    body: Json

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def stream(self) -> bool:
        return self.body.get("stream") is True

    @cached_property
    def messages(self) -> list[Json]:
        """Chat messages; for the Responses API its `input`, a string standing for one message."""
        found = self.body.get("messages", self.body.get("input", []))
        if isinstance(found, str):
            return [{"role": "user", "content": found}]
        return [_chat_message(item) for item in cast("list[Json]", found)]

    @cached_property
    def system(self) -> str:
        """The system prompt, or the Responses API's `instructions`."""
        said = [message_text(m) for m in self.messages if m.get("role") in {"system", "developer"}]
        return "\n".join([*said, str(self.body.get("instructions", ""))]).strip()

    @property
    def user(self) -> str:
        """The text of the last user message."""
        said = [message_text(m) for m in self.messages if m.get("role") == "user"]
        return said[-1] if said else ""

    @property
    def tools(self) -> list[str]:
        """Names of the tools that were offered."""
        offered = cast("list[Json]", self.body.get("tools", []))
        return [str(cast("Json", tool.get("function", tool)).get("name", "")) for tool in offered]

    @property
    def tool_results(self) -> list[str]:
        """What the tools answered so far, oldest first."""
        return [message_text(m) for m in self.messages if m.get("role") == "tool"]

    @cached_property
    def token_count(self) -> int:
        """Tokens of messages and tool definitions, by the rule of `count_tokens`."""
        counted = sum(_message_tokens(message) for message in self.messages)
        tools = self.body.get("tools")
        return counted + (count_tokens(json.dumps(tools)) if tools else 0) + 3


Script: TypeAlias = Callable[[Request], Reply | Failure]


class Api(NamedTuple):
    """How one provider is asked and answers.

    `serves` tells the paths that are its own, `chat` reads a body of it in the shape of a chat
    completion, which is what scripts see. `complete` and `stream` are the answer with a given id,
    whole and as server-sent events; `error` the body of a failure with a message and a code.
    """

    serves: Callable[[str], bool]
    chat: Callable[[str, Json], Json]
    complete: Callable[[Request, Reply, str], Json]
    stream: Callable[[Request, Reply, str], Iterator[str]]
    error: Callable[[str, str], Json]


class Exchange(NamedTuple):
    """One answer that was given. Ids of the answer and its tool calls are parts of `answer_id`:
    the first 22 digits, and those from 24 to 44 with the number of the call."""

    request: Request
    reply: Reply | Failure
    answer_id: str


def count_tokens(text: str) -> int:
    """About what a tokenizer counts: four letters a token, one token a CJK character."""
    wide = sum(1 for character in text if character >= "\u2e80")
    return wide + -(-(len(text) - wide) // 4)


def embed(text: str, dimensions: int = 64) -> list[float]:
    """A vector of unit length that depends on the words of `text` alone: texts with common words
    are close. Feature hashing, so that retrieval in the demo finds what it should."""
    vector = [0.0] * dimensions
    for word in text.lower().split():
        digest = hashlib.sha256(word.strip(".,:;!?()").encode()).digest()
        vector[digest[0] % dimensions] += 1.0 if digest[1] % 2 else -1.0
    length = sum(value * value for value in vector) ** 0.5 or 1.0
    return [value / length for value in vector]


class FakeModel:
    """The server, running in a thread while the context is open; `url` is the client's base URL.

    Ids of responses and tool calls are derived from `seed` and the number of the request, so equal
    runs get equal ids. `play` changes script and seed for one run. `exchanges` keeps what was asked
    and answered.
    """

    def __init__(
        self,
        script: Script,
        *,
        seed: str = "",
        latency_scale: float = 0.0,
        apis: tuple[Api, ...] = (),
    ) -> None:
        self.script = script
        self.seed = seed
        self.latency_scale = latency_scale
        self.exchanges: list[Exchange] = []
        self.apis = (*apis, _CHAT, _RESPONSES)
        self._count: int = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @contextmanager
    def play(self, script: Script, seed: str) -> Generator[None]:
        """Answer by `script` and count ids from `seed` while the context is open."""
        before = self.script, self.seed, self._count
        self.script, self.seed, self._count = script, seed, 0
        try:
            yield
        finally:
            self.script, self.seed, self._count = before

    def answer(self, request: Request) -> tuple[Reply | Failure, str]:
        """What the script says to `request`, and the id that this answer goes by."""
        with self._lock:
            self._count += 1
            name = f"{self.seed}/{self._count}"
            answer_id = hashlib.sha256(name.encode()).hexdigest()
        reply = self.script(request)
        self.exchanges.append(Exchange(request, reply, answer_id))
        return reply, answer_id


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    model: FakeModel

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves without saying goodbye is nobody's mistake."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(cast("socket.socket", request), client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without this the small chunks of a stream wait for each other's acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            return self._send_json(404, _error("no such path", "not_found"))
        models = [
            {"id": name, "object": "model", "owned_by": "demo"} for name in ("gpt-5", "gpt-5-mini")
        ]
        return self._send_json(200, {"object": "list", "data": models})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        model = cast("_Server", self.server).model
        path = self.path.partition("?")[0]
        if path == "/v1/embeddings":
            answered = _embeddings(Request(path, body))
            return self._send_json(200, answered, {LATENCY_HEADER: "90"})
        api = next((api for api in model.apis if api.serves(path)), None)
        if api is None:
            return self._send_json(404, _error("no such path", "not_found"))
        request = Request(path, api.chat(path, body))
        reply, answer_id = model.answer(request)
        if isinstance(reply, Failure):
            return self._send_failure(api, reply)
        pace = _pace(answer_id)
        latency_s = _latency_s(request, reply) * pace
        if request.stream:
            return self._send_stream(api, Exchange(request, reply, answer_id), latency_s, pace)
        time.sleep(latency_s * model.latency_scale)
        answered = api.complete(request, reply, answer_id)
        return self._send_json(200, answered, {LATENCY_HEADER: str(round(latency_s * 1000))})

    def _send_failure(self, api: Api, failure: Failure) -> None:
        headers = {LATENCY_HEADER: str(round(failure.latency_s * 1000))}
        if failure.retry_after_s is not None:
            headers["retry-after-ms"] = str(round(failure.retry_after_s * 1000))
        self._send_json(failure.status, api.error(failure.message, failure.code), headers)

    def _send_json(self, status: int, body: Json, headers: Mapping[str, str] = {}) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _send_stream(self, api: Api, answer: Exchange, latency_s: float, pace: float) -> None:
        request, reply, answer_id = answer
        first_s = _first_token_s(request) * pace
        scale = cast("_Server", self.server).model.latency_scale
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header(LATENCY_HEADER, str(round(latency_s * 1000)))
        self.send_header(FIRST_TOKEN_HEADER, str(round(first_s * 1000)))
        self.end_headers()
        chunks = list(api.stream(request, cast("Reply", reply), answer_id))
        time.sleep(first_s * scale)
        for chunk in chunks:
            self._write_chunk(chunk)
            time.sleep((latency_s - first_s) / len(chunks) * scale)
        self._write_chunk("")

    def _write_chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent: a test's output is no place for access logs."""


def _error(message: str, code: str) -> Json:
    return {"error": {"message": message, "type": code, "param": None, "code": code}}


def _chat_message(item: Json) -> Json:
    """A message; a call or its result, which the Responses API lists as items, as one too."""
    if item.get("type") == "function_call_output":
        said = item.get("output")
        return {"role": "tool", "content": said, "tool_call_id": item.get("call_id")}
    if item.get("type") == "function_call":
        function = {"name": item.get("name"), "arguments": item.get("arguments")}
        call = {"id": item.get("call_id"), "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return item


def message_text(message: Json) -> str:
    """The words of a chat message."""
    content = message.get("content", message.get("output", ""))
    if isinstance(content, list):
        parts = cast("list[Json]", content)
        return "\n".join(str(part["text"]) for part in parts if "text" in part)
    return str(content or "")


def _message_tokens(message: Json) -> int:
    content = message.get("content")
    images = (
        sum("image" in str(part.get("type", "")) for part in cast("list[Json]", content))
        if isinstance(content, list)
        else 0
    )
    calls = message.get("tool_calls")
    said = message_text(message) + (json.dumps(calls) if calls else "")
    return count_tokens(said) + images * IMAGE_TOKENS + 4


def output_tokens(reply: Reply) -> int:
    """Tokens that were written, reasoning among them."""
    if reply.output_tokens is not None:
        return reply.output_tokens
    said = reply.text + reply.refusal
    asked = "".join(call.name + json.dumps(dict(call.arguments)) for call in reply.tool_calls)
    return count_tokens(said + asked) + reply.reasoning_tokens + 1


def input_tokens(request: Request, reply: Reply) -> int:
    """Tokens that were read, cached ones among them."""
    return request.token_count if reply.input_tokens is None else reply.input_tokens


def _pace(answer_id: str) -> float:
    """How busy the provider is, 0.6 to 3 times the usual: mostly a little, rarely much."""
    chance = int(answer_id[-6:], 16) / 0xFFFFFF
    return 0.6 + 0.6 * chance + 1.8 * chance**8


def _first_token_s(request: Request) -> float:
    return 0.35 + request.token_count / 20_000


def _latency_s(request: Request, reply: Reply) -> float:
    """Seconds, as a fast hosted model takes them: reading is cheap, each token written is not."""
    if reply.latency_s is not None:
        return reply.latency_s
    return _first_token_s(request) + output_tokens(reply) * 0.011


def _usage(request: Request, reply: Reply) -> Json:
    read, written = input_tokens(request, reply), output_tokens(reply)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {
            "cached_tokens": min(reply.cached_tokens, read),
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": reply.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def tool_calls(reply: Reply, answer_id: str) -> list[Json]:
    """The calls of a reply as a chat message has them."""
    return [
        {
            "id": f"call_{answer_id[24:44]}{index:02d}",
            "type": "function",
            "function": {
                "name": call.name,
                "arguments": json.dumps(dict(call.arguments), ensure_ascii=False),
            },
        }
        for index, call in enumerate(reply.tool_calls)
    ]


def _completion(request: Request, reply: Reply, answer_id: str) -> Json:
    message: Json = {
        "role": "assistant",
        "content": reply.text or None,
        "refusal": reply.refusal or None,
    }
    if reply.tool_calls:
        message["tool_calls"] = tool_calls(reply, answer_id)
    return {
        "id": f"chatcmpl-{answer_id[:24]}",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": request.model,
        "system_fingerprint": "fp_demo",
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.reason}
        ],
        "usage": _usage(request, reply),
    }


def _completion_chunks(request: Request, reply: Reply, answer_id: str) -> Iterator[str]:
    """Server-sent events: text a few words at a time, tool calls, the reason, the usage."""

    def event(choices: list[Json], usage: Json | None = None) -> str:
        chunk: Json = {
            "id": f"chatcmpl-{answer_id[:24]}",
            "object": "chat.completion.chunk",
            "created": 1_760_000_000,
            "model": request.model,
            "choices": choices,
        }
        return f"data: {json.dumps(chunk | {'usage': usage} if wants_usage else chunk)}\n\n"

    def choice(delta: Json, reason: str | None = None) -> list[Json]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]

    options = cast("Json", request.body.get("stream_options") or {})
    wants_usage = options.get("include_usage") is True
    yield event(choice({"role": "assistant", "content": "", "refusal": None}))
    for piece in pieces(reply.text):
        yield event(choice({"content": piece}))
    for piece in pieces(reply.refusal):
        yield event(choice({"refusal": piece}))
    for index, call in enumerate(tool_calls(reply, answer_id)):
        yield event(choice({"tool_calls": [{"index": index, **call}]}))
    yield event(choice({}, reply.reason))
    if wants_usage:
        yield event([], _usage(request, reply))
    yield "data: [DONE]\n\n"


def pieces(text: str, size: int = 48) -> list[str]:
    """The text in the pieces that a stream sends."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def _response(request: Request, reply: Reply, answer_id: str) -> Json:
    """The same answer in the shape of the Responses API."""
    read, written = input_tokens(request, reply), output_tokens(reply)
    return {
        "id": f"resp_{answer_id[:32]}",
        "object": "response",
        "created_at": 1_760_000_000,
        "status": "completed",
        "model": request.model,
        "output": _response_output(reply, answer_id),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": request.body.get("tools", []),
        "error": None,
        "incomplete_details": None,
        "instructions": request.body.get("instructions"),
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": min(reply.cached_tokens, read)},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
            "total_tokens": read + written,
        },
    }


def _response_output(reply: Reply, answer_id: str) -> list[Json]:
    output: list[Json] = []
    if reply.text or reply.refusal:
        part: Json = (
            {"type": "refusal", "refusal": reply.refusal}
            if reply.refusal
            else {"type": "output_text", "text": reply.text, "annotations": []}
        )
        output.append(
            {
                "type": "message",
                "id": f"msg_{answer_id[:32]}",
                "status": "completed",
                "role": "assistant",
                "content": [part],
            }
        )
    for call in tool_calls(reply, answer_id):
        function = cast("Json", call["function"])
        output.append(
            {
                "type": "function_call",
                "id": f"fc_{call['id']}",
                "call_id": call["id"],
                "status": "completed",
                **function,
            }
        )
    return output


def _response_events(request: Request, reply: Reply, answer_id: str) -> Iterator[str]:
    whole = _response(request, reply, answer_id)
    started: Json = {**whole, "status": "in_progress", "output": [], "usage": None}
    events: list[Json] = [{"type": "response.created", "response": started}]
    for index, item in enumerate(cast("list[Json]", whole["output"])):
        place: Json = {"item_id": item["id"], "output_index": index}
        empty: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
        added = {**item, **empty, "status": "in_progress"}
        events.append({"type": "response.output_item.added", "output_index": index, "item": added})
        inner = _message_events if item["type"] == "message" else _call_events
        events += [{**event, **place} for event in inner(item)]
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    for number, event in enumerate(events):
        yield f"event: {event['type']}\ndata: {json.dumps(event | {'sequence_number': number})}\n\n"


def _message_events(item: Json) -> Iterator[Json]:
    (part,) = cast("list[Json]", item["content"])
    kind = str(part["type"])
    field = "refusal" if kind == "refusal" else "text"
    yield {"type": "response.content_part.added", "content_index": 0, "part": {**part, field: ""}}
    for piece in pieces(str(part[field])):
        delta: Json = {"content_index": 0, "delta": piece, "logprobs": []}
        yield {"type": f"response.{kind}.delta", **delta}
    yield {"type": f"response.{kind}.done", "content_index": 0, field: part[field], "logprobs": []}
    yield {"type": "response.content_part.done", "content_index": 0, "part": part}


def _call_events(item: Json) -> Iterator[Json]:
    given = item["arguments"]
    yield {"type": "response.function_call_arguments.delta", "delta": given}
    yield {"type": "response.function_call_arguments.done", "arguments": given}


def _embeddings(request: Request) -> Json:
    given = request.body.get("input", "")
    texts = [given] if isinstance(given, str) else cast("list[str]", given)
    packed = request.body.get("encoding_format") == "base64"
    data: list[Json] = []
    for index, text in enumerate(texts):
        vector = embed(text)
        value = b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if packed else vector
        data.append({"object": "embedding", "index": index, "embedding": value})
    tokens = sum(count_tokens(text) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": request.model, "usage": usage}


def _as_sent(_path: str, body: Json) -> Json:
    return body


_CHAT = Api("/v1/chat/completions".__eq__, _as_sent, _completion, _completion_chunks, _error)
_RESPONSES = Api("/v1/responses".__eq__, _as_sent, _response, _response_events, _error)
