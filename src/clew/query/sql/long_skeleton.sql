-- Every span of a trace in columns, each in its newest version: skeleton.sql for many spans. Offsets
-- are microseconds from the start of the trace. $columns are span_columns.sql.
SELECT
    intDiv(start_ns - min(start_ns) OVER (), 1000) AS start_us,
    -- `greatest` passes over NULL: a span that runs would have lasted 0.
    if(isNull(end_ns), NULL, intDiv(greatest(end_ns - start_ns, 0), 1000)) AS duration_us,
$columns
FROM
(
    SELECT $stored FROM spans
    WHERE project = {project:String} AND trace_id = {trace_id:String}
    ORDER BY version DESC
    LIMIT 1 BY span_id
    SETTINGS use_primary_key = 0
)
ORDER BY start_ns, span_id
