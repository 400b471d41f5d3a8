-- The spans that start in a range, as far as they may belong to the runs that are looked for.
-- $final leaves the newest version of each; $narrow are semi-joins.
SELECT $columns FROM spans $final
WHERE project = {project:String}
    AND hour >= toUInt32(intDiv({rows_from_ns:Int64}, 3600000000000))
    AND hour <= toUInt32(intDiv({rows_to_ns:Int64}, 3600000000000))
    AND start_ns >= {rows_from_ns:Int64} AND start_ns < {rows_to_ns:Int64}
    AND $narrow
