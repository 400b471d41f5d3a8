-- A semi-join: runs (or spans of them) that a person gave a tag.
trace_id IN
(
    SELECT trace_id FROM scores FINAL
    WHERE project = {project:String} AND data_type = 'tag' AND value = 1 AND $matches
)
