-- Which contents come next in a search: those that say the words, each once a trace at the time it
-- was first said in this window. $said goes to the text index; no text is read for a single plain word.
SELECT trace_id, lower(hex(hash)) AS content_hash, min(start_ns) AS place
FROM contents
WHERE project = {project:String}
    AND day >= toUInt32(intDiv({rows_from_ns:Int64}, 86400000000000))
    AND day <= toUInt32(intDiv({rows_to_ns:Int64}, 86400000000000))
    AND start_ns >= {rows_from_ns:Int64} AND start_ns < {rows_to_ns:Int64}
    AND trace_id != ''
    AND $said
    AND $narrow
GROUP BY trace_id, hash
HAVING $after
ORDER BY place DESC, trace_id DESC, content_hash DESC
LIMIT {count:UInt32}
