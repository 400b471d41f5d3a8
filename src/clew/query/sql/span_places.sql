-- Which spans come next in a list. A later version may lie in another hour, where FINAL doesn't
-- see it, so the version tells whether this is the newest when the row is read (span_rows.sql).
SELECT trace_id, span_id, version, $place AS place
FROM ($rows)
WHERE $after
ORDER BY place $direction, trace_id $direction, span_id $direction
LIMIT {count:UInt32}
