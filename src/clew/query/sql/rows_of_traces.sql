-- All spans of some traces, each in its newest version. Not FINAL: a later version may have
-- another start and so lie in another hour, where FINAL doesn't look for it.
SELECT $columns FROM spans
WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)}
ORDER BY version DESC
LIMIT 1 BY trace_id, span_id
