-- Tags that people gave, for values.sql.
UNION ALL
SELECT label FROM scores FINAL
WHERE project = {project:String} AND data_type = 'tag' AND value = 1
