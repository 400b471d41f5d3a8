-- Runs (or spans) with the tags that people gave their runs.
SELECT $columns, hand_tags
FROM ($source) AS tagged
LEFT JOIN
(
    SELECT trace_id, groupArray(label) AS hand_tags FROM scores FINAL
    WHERE project = {project:String} AND data_type = 'tag' AND value = 1
    GROUP BY trace_id
) AS by_hand USING (trace_id)
