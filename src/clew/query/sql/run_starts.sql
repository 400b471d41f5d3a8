-- When runs start, as their spans in a range tell, and nothing else of them.
SELECT trace_id, min(start_ns) AS first_ns
FROM ($rows)
GROUP BY trace_id
