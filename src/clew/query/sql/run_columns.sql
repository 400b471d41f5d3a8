-- What a run says of itself, from run_aggregates.sql; see run.sql.
--
-- A run's own values are its root's: the earliest span without a parent. Children usually arrive
-- before their root, so a run without one speaks through all its spans. Where the root is an HTTP
-- request that started the agent, the run is named after the first span below it that isn't one.
trace_id,
first_ns,
last_ns,
multiIf(
    rooted AND root_kind != 'http', root_name,
    agent_side_name != '', agent_side_name,
    rooted, root_name,
    first_name
) AS name,
fromUnixTimestamp64Nano(first_ns, 'UTC') AS start_time,
toBool(if(rooted, root_running, some_running)) AS running,
if(running, NULL, greatest(last_ns - first_ns, 0)) AS duration_ns,
duration_ns / 1e6 AS duration_ms,
if(rooted, root_status, worst_status) AS status,
multiIf(
    running, '',
    -- The last model call is the run's answer: an agent that hands on a refusal was refused.
    rooted AND root_outcome = 'success' AND last_call_outcome = 'refused', 'refused',
    rooted, root_outcome,
    worst_outcome
) AS outcome,
first_session_id AS session_id,
first_user_id AS user_id,
arraySort(all_tags) AS tags,
first_environment AS environment,
first_release AS release,
first_service AS service,
span_count,
error_count,
llm_calls,
-- A framework's span and an MCP client's and server's may tell of the same call.
tool_spans_without_id + tool_call_ids AS tool_calls,
-- Sums of the spans that are known to count. Where some may repeat each other (`ambiguous`),
-- clew.query.totals looks at the tree; clew.settle writes down what it finds a little later.
counted_input_tokens AS input_tokens,
counted_output_tokens AS output_tokens,
counted_cache_read_tokens AS cache_read_tokens,
counted_reasoning_tokens AS reasoning_tokens,
-- A sum of fractions ends in noise; no price of a token has as many digits.
round(counted_cost_usd, 12) AS cost_usd,
unpriced_calls,
toBool(
    aggregates > 0 OR repeated_responses > 0 OR notEmpty(arrayIntersect(bearers, parents))
) AS ambiguous,
arrayDistinct(arraySort(agent_names).2) AS agents,
arrayDistinct(arraySort(model_names).2) AS models,
arrayDistinct(arraySort(prompt_names).2) AS prompts,
if(root_input != '', root_input, first_input) AS input_preview,
if(root_output != '', root_output, last_output) AS output_preview,
multiIf(
    status != 'error' AND outcome != 'error', '',
    root_error != '', root_error,
    first_error
) AS error_message,
-- Of the span whose message that is.
multiIf(
    status != 'error' AND outcome != 'error', '',
    root_error != '', root_error_type,
    first_error != '', first_error_type,
    rooted, root_error_type,
    first_type
) AS error_type
