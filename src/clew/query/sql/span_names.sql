-- What hits are called by.
SELECT trace_id, span_id, display_name, kind
FROM spans
WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)}
    AND span_id IN {span_ids:Array(String)}
ORDER BY version DESC
LIMIT 1 BY trace_id, span_id
SETTINGS use_primary_key = 0
