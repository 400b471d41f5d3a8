-- The spans of a trace in columns, as the page of a run draws them, each in all its versions (the
-- page keeps the newest: to choose it here takes the engine 6 ms, however few the spans are). What a
-- span said is read when it is opened. $columns are span_columns.sql; $more are columns for the
-- run's own row, which don't go out.
SELECT
    -- `greatest` passes over NULL: a span that runs would have lasted 0.
    if(isNull(end_ns), NULL, intDiv(greatest(end_ns - start_ns, 0), 1000)) AS duration_us,
$columns
    $more
FROM spans
WHERE project = {project:String} AND trace_id = {trace_id:String}
ORDER BY start_ns, span_id
LIMIT {most:UInt32}
SETTINGS use_primary_key = 0
