-- A semi-join: spans of the runs of which some span in a range satisfies a condition. Older
-- versions may satisfy it too, so it only narrows where to look.
trace_id IN
(
    SELECT trace_id FROM spans
    WHERE project = {project:String}
        AND hour >= toUInt32(intDiv({rows_from_ns:Int64}, 3600000000000))
        AND start_ns >= {rows_from_ns:Int64} AND start_ns < {rows_to_ns:Int64}
        AND $condition
)
