-- The texts of hits, and the span that said each first: over all days and versions, since a content
-- may come again before its rows are merged.
SELECT
    trace_id,
    lower(hex(hash)) AS content_hash,
    argMin(span_id, start_ns) AS span_id,
    min(start_ns) AS first_ns,
    any(text) AS text
FROM contents
WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)}
    AND lower(hex(hash)) IN {hashes:Array(String)}
GROUP BY trace_id, hash
