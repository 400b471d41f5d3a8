-- Every span of a trace in columns, as the page of a run draws them. Offsets are microseconds from
-- the start of the trace; what a span said is read when it is opened.
SELECT
    span_id,
    parent_id,
    name,
    display_name,
    kind,
    intDiv(start_ns - min(start_ns) OVER (), 1000) AS start_us,
    intDiv(greatest(end_ns - start_ns, 0), 1000) AS duration_us,
    status,
    outcome,
    error_type,
    error_message,
    level,
    agent_name AS agent,
    tool_name AS tool,
    tool_call_id,
    model,
    provider,
    concat(prompt_name, if(prompt_version = '', '', '@'), prompt_version) AS prompt,
    response_id,
    input_tokens,
    output_tokens,
    cache_read_tokens,
    reasoning_tokens,
    cost_usd,
    intDiv(ttft_ns, 1000) AS ttft_us,
    retries,
    input_preview,
    output_preview,
    service,
    scope_name AS scope,
    link_count AS links,
    event_count AS events,
    dropped_count AS dropped,
    handoff_from,
    handoff_to,
    arrayMap(hash -> lower(hex(hash)), input_hashes) AS input_hashes,
    arrayMap(hash -> lower(hex(hash)), output_hashes) AS output_hashes
FROM
(
    SELECT * FROM spans
    WHERE project = {project:String} AND trace_id = {trace_id:String}
    ORDER BY version DESC
    LIMIT 1 BY span_id
)
ORDER BY start_ns, span_id
