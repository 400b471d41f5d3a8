-- Whether the trace has a span: one row, or none.
SELECT span_id
FROM spans
WHERE project = {project:String} AND trace_id = {trace_id:String}
LIMIT 1
