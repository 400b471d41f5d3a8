-- All spans of some traces, each in its newest version. Not FINAL: a later version may have
-- another start and so lie in another hour, where FINAL doesn't look for it. The index of trace ids
-- finds them; to try the ids on every granule of the primary key as well takes longer than it saves.
SELECT $columns FROM spans
WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)}
ORDER BY version DESC
LIMIT 1 BY trace_id, span_id
SETTINGS use_primary_key = 0
