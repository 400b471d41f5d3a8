-- A semi-join: runs or spans ($key) of which a content says something. Contents are partitioned
-- and ordered by day, so the range of the rows bounds them too.
$key IN
(
    SELECT $columns FROM contents
    WHERE project = {project:String}
        AND day >= toUInt32(intDiv({rows_from_ns:Int64}, 86400000000000))
        AND day <= toUInt32(intDiv({rows_to_ns:Int64}, 86400000000000))
        AND $says
)
