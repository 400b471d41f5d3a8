-- The next spans to look at again, in the order of the table, so that only their part of it is read.
-- What came in after the asking began was understood as things are now.
SELECT hour, trace_id, span_id
FROM spans
WHERE project = {project:String}
    AND hour >= greatest({hour:UInt32}, toUInt32(intDiv({rows_from_ns:Int64}, 3600000000000)))
    AND hour <= toUInt32(intDiv({rows_to_ns:Int64}, 3600000000000))
    AND start_ns >= {rows_from_ns:Int64} AND start_ns < {rows_to_ns:Int64}
    AND (hour, trace_id, span_id) > ({hour:UInt32}, {trace_id:String}, {span_id:String})
    AND version % {finished:UInt64} < {began_ns:UInt64}
    AND $condition
ORDER BY hour, trace_id, span_id
LIMIT 1 BY hour, trace_id, span_id
LIMIT {count:UInt32}
