-- Every span of a trace in columns, as the page of a run draws them. Offsets are microseconds from
-- the start of the trace; what a span said is read when it is opened. $columns are span_columns.sql.
SELECT
    intDiv(start_ns - min(start_ns) OVER (), 1000) AS start_us,
    intDiv(greatest(end_ns - start_ns, 0), 1000) AS duration_us,
$columns
FROM
(
    SELECT * FROM spans
    WHERE project = {project:String} AND trace_id = {trace_id:String}
    ORDER BY version DESC
    LIMIT 1 BY span_id
)
ORDER BY start_ns, span_id
