-- The metrics that a project has in a range of time, and what they are.
SELECT
    name,
    any(kind) AS kind,
    any(unit) AS unit,
    arraySort(groupUniqArray(20)(service)) AS services,
    count() AS point_count,
    max(time_ns) AS last_ns
FROM metrics FINAL
WHERE project = {project:String} AND day BETWEEN {from_day:UInt32} AND {to_day:UInt32}
    AND time_ns >= {from_ns:Int64} AND time_ns < {to_ns:Int64}
GROUP BY name
ORDER BY name
