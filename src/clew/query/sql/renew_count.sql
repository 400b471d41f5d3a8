-- About how many spans that are: one that came in several versions counts as often until they merge.
SELECT count() AS n
FROM spans
WHERE project = {project:String}
    AND hour >= toUInt32(intDiv({rows_from_ns:Int64}, 3600000000000))
    AND hour <= toUInt32(intDiv({rows_to_ns:Int64}, 3600000000000))
    AND start_ns >= {rows_from_ns:Int64} AND start_ns < {rows_to_ns:Int64}
    AND version % {finished:UInt64} < {began_ns:UInt64}
    AND $condition
