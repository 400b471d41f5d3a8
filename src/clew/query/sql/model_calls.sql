-- The model calls of a trace, or some of them, as documents with the names of their contents: what a
-- conversation is put together from. Names come as one text: a thousand a call in a long run.
SELECT
    span_id,
    parent_id,
    agent_name AS agent,
    start_ns,
    intDiv(start_ns, 86400000000000) AS day,
    arrayStringConcat(arrayMap(h -> lower(hex(h)), input_hashes)) AS input,
    arrayStringConcat(arrayMap(h -> lower(hex(h)), output_hashes)) AS output,
    arrayStringConcat(arrayMap(h -> lower(hex(h)), other_hashes)) AS other,
    base64Encode(raw) AS document
FROM spans
WHERE project = {project:String} AND trace_id = {trace_id:String}
    AND if(empty({span_ids:Array(String)}), kind = 'llm', span_id IN {span_ids:Array(String)})
ORDER BY version DESC
LIMIT 1 BY span_id
SETTINGS use_primary_key = 0
