-- A semi-join: spans of the runs whose spans, counted, satisfy a condition. The range
-- is wider than that of the spans that are looked for, so that all spans of their runs lie in it.
trace_id IN
(
    SELECT trace_id FROM spans FINAL
    WHERE project = {project:String}
        AND hour >= toUInt32(intDiv({runs_from_ns:Int64}, 3600000000000))
        AND start_ns >= {runs_from_ns:Int64} AND start_ns < {runs_to_ns:Int64}
    GROUP BY trace_id
    HAVING $condition
)
