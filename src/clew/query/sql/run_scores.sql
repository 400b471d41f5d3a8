-- The scores of runs as a whole, oldest first.
SELECT
    trace_id,
    CAST(
        arrayMap(score -> (score.2, score.3, score.4), arraySort(groupArray((time_ns, name, value, label)))),
        'Array(Tuple(name String, value Nullable(Float64), label String))'
    ) AS scores
FROM scores FINAL
WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)} AND span_id = ''
GROUP BY trace_id
