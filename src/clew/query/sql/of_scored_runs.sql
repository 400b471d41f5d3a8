-- A semi-join: runs that have a score, themselves or on one of their spans.
trace_id IN
(
    SELECT trace_id FROM scores FINAL
    WHERE project = {project:String} AND trace_id != '' AND name = $name
        AND data_type != 'tag' AND $matches
)
