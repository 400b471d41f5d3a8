-- Which runs come next in a list, by what their spans in a range say. $runs is run.sql (or less)
-- over those spans; whether a run really started there shows when all its spans are read.
SELECT trace_id, $place AS place
FROM ($runs)
WHERE first_ns >= {from_ns:Int64} AND first_ns < {to_ns:Int64}
    AND $after
    AND $condition
ORDER BY place $direction, trace_id $direction
LIMIT {count:UInt32}
-- Semi-joins that leave many runs are asked sooner without the index of trace ids.
SETTINGS use_index_for_in_with_subqueries = $by_index
