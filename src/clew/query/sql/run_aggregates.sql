-- What is gathered over the spans of a run, for run_columns.sql. No name is that of a column of
-- `spans`.
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
-- A guard that stopped a run did its work: what was blocked, refused or cancelled is no error,
-- whatever the status of its span.
countIf(outcome = 'error' OR (outcome = '' AND status = 'error')) AS error_count,
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
) AS first_error,
argMinIf(error_type, (start_ns, span_id), parent_id = '') AS root_error_type,
argMinIf(
    error_type, (ifNull(end_ns, start_ns), span_id), error_message != ''
) AS first_error_type,
argMin(error_type, (ifNull(end_ns, start_ns), span_id)) AS first_type
