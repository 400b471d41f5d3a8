-- The runs that may belong to some sessions: any of their spans names one.
SELECT DISTINCT trace_id
FROM spans
WHERE project = {project:String} AND session_id IN {session_ids:Array(String)}
