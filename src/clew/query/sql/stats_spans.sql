-- Spans with what is said once a run and meant for all of it: a user or an environment stands on
-- whichever span the sender chose, which may be before the range.
SELECT span.*, run_user, run_environment, run_release
FROM ($rows) AS span
LEFT JOIN
(
    SELECT
        trace_id,
        argMinIf(user_id, (start_ns, span_id), user_id != '') AS run_user,
        argMinIf(environment, (start_ns, span_id), environment != '') AS run_environment,
        argMinIf(release, (start_ns, span_id), release != '') AS run_release
    FROM spans
    WHERE project = {project:String}
        AND hour >= toUInt32(intDiv({shared_from_ns:Int64}, 3600000000000))
        AND start_ns >= {shared_from_ns:Int64} AND start_ns < {rows_to_ns:Int64}
    GROUP BY trace_id
) AS shared USING (trace_id)
