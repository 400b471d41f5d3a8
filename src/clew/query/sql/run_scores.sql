-- The scores of runs as a whole, oldest first, and the tags that people gave them.
SELECT
    trace_id,
    CAST(
        arrayMap(
            score -> (score.2, score.3, score.4),
            arraySort(groupArrayIf((time_ns, name, value, label), data_type != 'tag'))
        ),
        'Array(Tuple(name String, value Nullable(Float64), label String))'
    ) AS scores,
    arraySort(groupArrayIf(label, data_type = 'tag' AND value = 1)) AS hand_tags
FROM scores FINAL
WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)} AND span_id = ''
GROUP BY trace_id
