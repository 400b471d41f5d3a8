-- Runs as files hold them, the newest first. $run is run.sql over all spans of some runs.
SELECT
    trace_id,
    name,
    start_time,
    duration_ms,
    status,
    outcome,
    running,
    session_id,
    user_id,
    $tags AS tags,
    environment,
    release,
    service,
    $agents AS agents,
    span_count,
    error_count,
    llm_calls,
    tool_calls,
    input_tokens,
    output_tokens,
    cache_read_tokens,
    reasoning_tokens,
    cost_usd,
    unpriced_calls,
    $models AS models,
    $prompts AS prompts,
    input_preview,
    output_preview,
    error_message,
    error_type,
    $scores AS scores
FROM
(
    SELECT run.* EXCEPT (tags), arraySort(arrayDistinct(arrayConcat(
        arrayMap(tag -> toString(tag), run.tags), judged.hand_tags))) AS all_tags, judged.scores AS all_scores
    FROM ($run) AS run
    LEFT JOIN ($judged) AS judged USING (trace_id)
)
ORDER BY start_time DESC, trace_id DESC
