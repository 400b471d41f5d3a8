-- The spans of runs in which usage may be told twice: what decides which of them count. $rows are
-- all spans of these runs, since whether one repeats another depends on who called whom.
SELECT
    trace_id,
    span_id,
    parent_id,
    kind,
    start_ns,
    response_id,
    usage_scope,
    input_tokens,
    output_tokens,
    cache_read_tokens,
    reasoning_tokens,
    cost_usd,
    toBool(notEmpty(input_hashes) OR notEmpty(output_hashes)) AS has_content
FROM ($rows)
ORDER BY trace_id, start_ns, span_id
