-- The first or the last hour (or day) in which a project has rows: where a walk through time starts
-- or ends, and where it goes on. The order of the table gives it without reading more than a few
-- granules.
SELECT $column AS edge FROM $table
WHERE project = {project:String} AND $bounded
ORDER BY $column $direction
LIMIT 1
