-- Spans as a list shows them, each in its newest version. $columns are span_columns.sql.
SELECT
    trace_id,
    version,
    fromUnixTimestamp64Nano(start_ns, 'UTC') AS start_time,
    -- `greatest` passes over NULL: a span that runs would have lasted 0.
    if(isNull(end_ns), NULL, greatest(end_ns - start_ns, 0) / 1e6) AS duration_ms,
$columns
FROM
(
    SELECT $stored FROM spans
    WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)}
        AND span_id IN {span_ids:Array(String)}
    ORDER BY version DESC
    LIMIT 1 BY trace_id, span_id
    SETTINGS use_primary_key = 0
)
