-- What SQL of users sees as `contents`: each message or large value once a trace, with the span
-- that said it first. Its strings stand apart by the unit separator, character 31.
SELECT
    trace_id,
    span_id,
    lower(hex(hash)) AS content_hash,
    fromUnixTimestamp64Nano(start_ns, 'UTC') AS start_time,
    size_bytes,
    mime,
    text
FROM contents FINAL
WHERE project = {project:String}
