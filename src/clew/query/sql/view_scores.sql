-- What SQL of users sees as `scores`.
SELECT
    score_id,
    trace_id,
    span_id,
    session_id,
    name,
    data_type,
    value,
    label,
    comment,
    source,
    author,
    evaluator,
    fromUnixTimestamp64Nano(time_ns, 'UTC') AS time,
    metadata
FROM scores FINAL
WHERE project = {project:String}
