"""OpenInference: kinds, flattened messages, documents, embeddings, annotations."""

from __future__ import annotations

from typing import Any

import pytest

from clew.span import Document, Event, Link, Part, Span, ToolDefinition
from clew.wire.normalize import conversation, normalize, scores

SECOND = 1_000_000_000


def span(kind: str, attributes: dict[str, Any], **given: Any) -> Span:
    return Span(
        trace_id="1" * 32,
        span_id="2" * 16,
        name="work",
        start_ns=SECOND,
        end_ns=2 * SECOND,
        attributes={"openinference.span.kind": kind, **attributes},
        **given,
    )


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("LLM", "llm"),
        ("llm", "llm"),
        ("DECISION", "llm"),
        ("EMBEDDING", "embedding"),
        ("RERANKER", "rerank"),
        ("RETRIEVER", "retrieval"),
        ("TOOL", "tool"),
        ("AGENT", "agent"),
        ("CHAIN", "step"),
        ("GUARDRAIL", "guardrail"),
        ("EVALUATOR", "evaluation"),
        ("PROMPT", "prompt"),
        ("UNKNOWN", "other"),
        ("NOVEL", "other"),
    ],
)
def test_every_kind_of_the_specification_has_one_of_ours(said: str, kind: str) -> None:
    """Unknown ones are other."""
    assert normalize(span(said, {})).kind == kind


def test_flattened_messages_are_put_together() -> None:
    """Contents, media, reasoning, tool calls and their answers, in order."""
    base_in, base_out = "llm.input_messages", "llm.output_messages"
    content = f"{base_in}.0.message.contents"
    call = f"{base_out}.0.message.tool_calls.0.tool_call"
    built = conversation(
        span(
            "LLM",
            {
                f"{base_in}.0.message.role": "user",
                f"{content}.0.message_content.type": "text",
                f"{content}.0.message_content.text": "what is this?",
                f"{content}.1.message_content.type": "image",
                f"{content}.1.message_content.image.image.url": "data:image/png;base64,AA",
                f"{content}.2.message_content.type": "audio",
                f"{content}.2.message_content.audio.audio.url": "https://x.org/a.wav",
                f"{content}.2.message_content.audio.audio.mime_type": "audio/wav",
                f"{base_in}.1.message.role": "tool",
                f"{base_in}.1.message.tool_call_id": "c",
                f"{base_in}.1.message.content": "20C",
                f"{base_in}.10.message.role": "user",
                f"{base_in}.10.message.content": "last",
                f"{base_in}.2.message.role": "assistant",
                f"{base_in}.2.message.contents.0.message_content.type": "reasoning",
                f"{base_in}.2.message.contents.0.message_content.text": "hm",
                f"{base_in}.2.message.function_call_name": "old",
                f"{base_in}.2.message.function_call_arguments_json": '{"x": 1}',
                f"{base_out}.0.message.role": "assistant",
                f"{call}.id": "c",
                f"{call}.function.name": "f",
                f"{call}.function.arguments": '{"x": 1}',
                "llm.tools.0.tool.json_schema": '{"type":"function","function":{"name":"f"}}',
            },
        )
    )
    assert [message.parts for message in built.messages_in] == [
        [
            Part(type="text", text="what is this?"),
            Part(type="blob", mime_type="image/png", modality="image", data="AA"),
            Part(type="uri", uri="https://x.org/a.wav", mime_type="audio/wav", modality="audio"),
        ],
        [Part(type="tool_call_response", id="c", response="20C")],
        [
            Part(type="reasoning", text="hm"),
            Part(type="tool_call", name="old", arguments={"x": 1}),
        ],
        [Part(type="text", text="last")],
    ]
    assert built.messages_out[0].parts == [
        Part(type="tool_call", id="c", name="f", arguments={"x": 1})
    ]
    assert built.messages_in[-1].source == "llm.input_messages.10"
    assert built.tools == [ToolDefinition(name="f")]


def test_without_messages_the_raw_request_and_answer_are_read() -> None:
    """Many instrumentors send only `input.value` and `output.value`."""
    made = span(
        "LLM",
        {
            "input.value": '{"messages": [{"role": "user", "content": "hi"}]}',
            "input.mime_type": "application/json",
            "output.value": '{"id": "chatcmpl-1", "choices": [{"message": {"role": "assistant", "content": "yes"}}]}',  # noqa: E501
            "output.mime_type": "application/json",
        },
    )
    built, facts = conversation(made), normalize(made)
    assert [part.text for message in built.messages_in for part in message.parts] == ["hi"]
    assert [part.text for message in built.messages_out for part in message.parts] == ["yes"]
    assert (built.input, built.output) == (None, None)
    assert (facts.input_preview, facts.output_preview) == ("hi", "yes")
    assert facts.response_id == "chatcmpl-1"


def test_the_completions_api_has_prompts_and_choices() -> None:
    """As messages of the user and the assistant."""
    made = span("LLM", {"llm.prompts.0.prompt.text": "1+1=", "llm.choices.0.completion.text": "2"})
    built = conversation(made)
    assert (built.messages_in[0].parts[0].text, built.messages_out[0].parts[0].text) == (
        "1+1=",
        "2",
    )
    assert normalize(made).input_preview == "1+1="


def test_numbers_labels_and_prompt_are_read() -> None:
    """Tokens by kind, cost, parameters, metadata, template, session, user; also as strings."""
    facts = normalize(
        span(
            "LLM",
            {
                "llm.model_name": "gpt-4o-2024-08-06",
                "llm.system": "openai",
                "llm.invocation_parameters": '{"model": "gpt-4o", "temperature": 0.1, "stream": true, "tools": []}',  # noqa: E501
                "llm.finish_reason": "stop",
                "llm.token_count.prompt": "100",
                "llm.token_count.completion": 20,
                "llm.token_count.prompt_details.cache_read": 40,
                "llm.token_count.prompt_details.cache_write": 10,
                "llm.token_count.completion_details.reasoning": 5,
                "llm.cost.prompt": 0.25,
                "llm.cost.completion": 0.5,
                "metadata": '{"tier": "gold"}',
                "tag.tags": "['not', 'json']",
                "llm.prompt_template.version": "v2",
                "llm.prompt_template.variables": '{"city": "Paris", "n": 3}',
                "prompt.id": "plan",
                "session.id": "s1",
                "user.id": "u1",
            },
            events=(Event(name="First Token Stream Event", time_ns=SECOND + 5),),
        )
    )
    assert (facts.model, facts.request_model, facts.provider) == (
        *("gpt-4o-2024-08-06", "gpt-4o", "openai"),
    )
    assert (facts.model_parameters, facts.stream) == ({"temperature": 0.1}, True)
    usage, cost = facts.usage, facts.cost
    assert usage is not None
    assert cost is not None
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (100, 40, 10)
    assert (usage.output_tokens, usage.reasoning_tokens) == (20, 5)
    assert (cost.total_usd, cost.source) == (0.75, "client")
    assert (facts.prompt_name, facts.prompt_version) == ("plan", "v2")
    assert facts.prompt_variables == {"city": "Paris", "n": "3"}
    assert (facts.session_id, facts.user_id, facts.metadata) == ("s1", "u1", {"tier": "gold"})
    assert (facts.finish_reasons, facts.ttft_ns) == (["stop"], 5)


def test_documents_of_retrievers_and_rerankers_are_read() -> None:
    """With score and metadata; the reranker's query and candidates are its input."""
    found = {
        "retrieval.documents.0.document.id": "d1",
        "retrieval.documents.0.document.content": "10-18",
        "retrieval.documents.0.document.score": 0.5,
        "retrieval.documents.0.document.metadata": '{"page": 3}',
        "input.value": "opening hours",
    }
    built = conversation(span("RETRIEVER", found))
    assert built.documents == [Document(id="d1", content="10-18", score=0.5, metadata={"page": 3})]
    facts = normalize(span("RETRIEVER", found))
    assert (facts.input_preview, facts.output_preview) == ("opening hours", "10-18")
    reranked = conversation(
        span(
            "RERANKER",
            {
                "reranker.query": "q",
                "reranker.input_documents.0.document.content": "a",
                "reranker.output_documents.0.document.content": "a",
            },
        )
    )
    assert (reranked.input, len(reranked.documents)) == ({"query": "q", "documents": ["a"]}, 1)


def test_embeddings_show_their_texts_and_no_vectors() -> None:
    """A vector says nothing to a reader."""
    said = {
        "embedding.model_name": "text-embedding-3-small",
        "embedding.embeddings.0.embedding.text": "sunny",
        "embedding.embeddings.1.embedding.text": "rainy",
        "embedding.embeddings.0.embedding.vector": [0.1, 0.2],
        "output.value": '{"data": [{"embedding": [0.1, 0.2]}]}',
    }
    facts = normalize(span("EMBEDDING", said))
    assert (facts.model, facts.input_preview, facts.output_preview) == (
        *("text-embedding-3-small", "sunny rainy", ""),
    )
    assert conversation(span("EMBEDDING", said)).input == ["sunny", "rainy"]


def test_a_tool_shows_arguments_and_result() -> None:
    """From the input and output values."""
    facts = normalize(
        span(
            "TOOL",
            {
                "tool.name": "f",
                "tool.id": "c",
                "input.value": '{"city": "Paris"}',
                "output.value": "20C",
            },
        )
    )
    assert (facts.tool_name, facts.tool_call_id) == ("f", "c")
    assert (facts.input_preview, facts.output_preview) == ('{"city":"Paris"}', "20C")


def test_masked_values_stay_visible_as_masked() -> None:
    """Someone looking for the text learns that it was withheld on purpose."""
    built = conversation(span("LLM", {"input.value": "__REDACTED__"}))
    assert built.input == "__REDACTED__"


def test_annotations_are_scores_of_span_trace_session_and_target() -> None:
    """A carrier that links to one span judges that one."""
    said = {
        "annotations.0.annotation.name": "helpful",
        "annotations.0.annotation.score": 1,
        "annotations.0.annotation.label": "yes",
        "annotations.0.annotation.annotator_kind": "HUMAN",
        "annotations.1.annotation.name": "tone",
        "annotations.1.annotation.label": "kind",
        "trace.evaluations.0.evaluation.name": "solved",
        "trace.evaluations.0.evaluation.score": "0.5",
        "trace.evaluations.0.evaluation.annotator_kind": "LLM",
        "session.annotations.0.annotation.name": "calm",
        "session.annotations.0.annotation.score": 0.7,
        "session.id": "s1",
    }
    found = {score.name: score for score in scores(span("CHAIN", said))}
    assert (found["helpful"].value, found["helpful"].source) == (1, "person")
    assert (found["tone"].data_type, found["tone"].label) == ("category", "kind")
    assert found["helpful"].span_id == "2" * 16
    assert (found["solved"].span_id, found["solved"].source) == ("", "model")
    assert (found["calm"].session_id, found["calm"].trace_id) == ("s1", "")
    target = Link(trace_id="3" * 32, span_id="4" * 16)
    carried = scores(span("EVALUATOR", said, links=(target,)))
    assert {(s.trace_id, s.span_id) for s in carried if s.name in ("helpful", "solved")} == {
        ("3" * 32, "4" * 16),
        ("3" * 32, ""),
    }
