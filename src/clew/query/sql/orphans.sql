-- Spans of the last hour whose parent isn't there: lost on the way, or still to come.
SELECT count() AS orphans, any(lost_in) AS trace_id, any(lost) AS span_id
FROM
(
    SELECT trace_id AS lost_in, span_id AS lost
    FROM spans
    WHERE project = {project:String} AND hour >= {hour:UInt32} AND start_ns >= {from_ns:Int64}
        AND parent_id != ''
        AND (trace_id, parent_id) NOT IN (
            SELECT trace_id, span_id FROM spans
            WHERE project = {project:String} AND hour >= {first_hour:UInt32}
        )
    LIMIT 1 BY trace_id, span_id
)
