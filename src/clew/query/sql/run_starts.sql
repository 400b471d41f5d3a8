-- Which runs come next in a list by time, as the starts of their spans in a range tell. Nested as
-- run_places.sql is, the engine takes twice as long to plan it.
SELECT trace_id, min(start_ns) AS place
FROM spans
WHERE project = {project:String}
    AND hour >= toUInt32(intDiv({from_ns:Int64}, 3600000000000))
    AND hour <= toUInt32(intDiv({to_ns:Int64}, 3600000000000))
    AND start_ns >= {from_ns:Int64} AND start_ns < {to_ns:Int64}
GROUP BY trace_id
HAVING $after
ORDER BY place $direction, trace_id $direction
LIMIT {count:UInt32}
