-- A semi-join: spans that have a score.
(trace_id, span_id) IN
(
    SELECT trace_id, span_id FROM scores FINAL
    WHERE project = {project:String} AND span_id != '' AND name = $name AND $matches
)
