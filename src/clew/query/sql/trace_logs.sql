-- How many log records belong to a trace, each counted once.
SELECT uniqExact(time_ns, log_hash)
FROM logs
WHERE project = {project:String} AND trace_id = {trace_id:String}
