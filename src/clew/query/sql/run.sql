-- What a run is, read from its spans: one row a trace id.
--
-- $rows are the newest versions of spans; $has are further aggregates that a filter needs. The
-- question around this one names the columns it wants, and the engine computes no other.
--
-- A run's own values are its root's: the earliest span without a parent. Children usually arrive
-- before their root, so a run without one speaks through all its spans. Where the root is an HTTP
-- request that started the agent, the run is named after the first span below it that isn't one.
SELECT
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
    counted_cost_usd AS cost_usd,
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
    ) AS error_message
    $has_names
FROM
(
    SELECT
        trace_id,
        min(start_ns) AS first_ns,
        max(end_ns) AS last_ns,
        countIf(parent_id = '') > 0 AS rooted,
        argMinIf(kind, (start_ns, span_id), parent_id = '') AS root_kind,
        argMinIf(display_name, (start_ns, span_id), parent_id = '') AS root_name,
        argMinIf(
            display_name, (start_ns, span_id), kind NOT IN ('http', 'db', 'other')
        ) AS agent_side_name,
        argMin(display_name, (start_ns, span_id)) AS first_name,
        argMinIf(isNull(end_ns), (start_ns, span_id), parent_id = '') AS root_running,
        countIf(isNull(end_ns)) > 0 AS some_running,
        argMinIf(status, (start_ns, span_id), parent_id = '') AS root_status,
        argMax(status, indexOf(['unset', 'ok', 'error'], status)) AS worst_status,
        argMinIf(outcome, (start_ns, span_id), parent_id = '') AS root_outcome,
        argMaxIf(outcome, (ifNull(end_ns, start_ns), span_id), kind = 'llm') AS last_call_outcome,
        argMax(
            outcome,
            indexOf(['success', 'waiting', 'cancelled', 'refused', 'blocked', 'error'], outcome)
        ) AS worst_outcome,
        argMinIf(session_id, (start_ns, span_id), session_id != '') AS first_session_id,
        argMinIf(user_id, (start_ns, span_id), user_id != '') AS first_user_id,
        groupUniqArrayArray(tags) AS all_tags,
        argMinIf(environment, (start_ns, span_id), environment != '') AS first_environment,
        argMinIf(release, (start_ns, span_id), release != '') AS first_release,
        argMinIf(service, (start_ns, span_id), service != '') AS first_service,
        -- Names with when they appeared, to be sorted by it.
        groupArrayIf((start_ns, agent_name), agent_name != '') AS agent_names,
        groupArrayIf((start_ns, model), model != '') AS model_names,
        groupArrayIf(
            (start_ns, concat(prompt_name, if(prompt_version = '', '', '@'), prompt_version)),
            prompt_name != ''
        ) AS prompt_names,
        count() AS span_count,
        countIf(status = 'error') AS error_count,
        countIf(kind = 'llm') AS llm_calls,
        countIf(kind = 'tool' AND tool_call_id = '') AS tool_spans_without_id,
        uniqExactIf(tool_call_id, kind = 'tool' AND tool_call_id != '') AS tool_call_ids,
        sumIf(input_tokens, counted) AS counted_input_tokens,
        sumIf(output_tokens, counted) AS counted_output_tokens,
        sumIf(cache_read_tokens, counted) AS counted_cache_read_tokens,
        sumIf(reasoning_tokens, counted) AS counted_reasoning_tokens,
        sumIf(cost_usd, counted) AS counted_cost_usd,
        countIf(counted AND usage_scope != '' AND isNull(cost_usd)) AS unpriced_calls,
        countIf(usage_scope = 'aggregate') AS aggregates,
        countIf(usage_scope != '' AND response_id != '')
            - uniqExactIf(response_id, usage_scope != '' AND response_id != '')
            AS repeated_responses,
        groupArrayIf(span_id, usage_scope != '' OR isNotNull(cost_usd)) AS bearers,
        groupUniqArrayIf(parent_id, parent_id != '') AS parents,
        argMinIf(input_preview, (start_ns, span_id), parent_id = '') AS root_input,
        argMinIf(input_preview, (start_ns, span_id), input_preview != '') AS first_input,
        argMinIf(output_preview, (start_ns, span_id), parent_id = '') AS root_output,
        argMaxIf(
            output_preview, (ifNull(end_ns, start_ns), span_id), output_preview != ''
        ) AS last_output,
        argMinIf(error_message, (start_ns, span_id), parent_id = '') AS root_error,
        argMinIf(
            error_message, (ifNull(end_ns, start_ns), span_id), error_message != ''
        ) AS first_error
        $has
    FROM ($rows)
    GROUP BY trace_id
)
