-- The points of one metric, the newest first; a repeated export is one.
SELECT
    time_ns,
    start_ns,
    kind,
    unit,
    value,
    count,
    service,
    attributes
FROM metrics
WHERE project = {project:String} AND name = {name:String}
    AND day BETWEEN {from_day:UInt32} AND {to_day:UInt32}
    AND time_ns >= {from_ns:Int64} AND time_ns < {to_ns:Int64}
ORDER BY time_ns DESC, point_hash
LIMIT 1 BY time_ns, point_hash
LIMIT {limit:UInt32}
