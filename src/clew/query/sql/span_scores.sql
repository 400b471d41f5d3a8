-- The scores of one span, oldest first.
SELECT score_id, name, data_type, value, label, comment, source, author, evaluator, trace_id,
    span_id, session_id, time_ns, metadata
FROM scores FINAL
WHERE project = {project:String} AND trace_id = {trace_id:String} AND span_id = {span_id:String}
ORDER BY time_ns, score_id
