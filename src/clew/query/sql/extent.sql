-- The first and the last hour (or day) in which a project has rows: where a walk through time starts
-- and ends, and where it goes on. The order of the table gives both without reading more than a few
-- granules.
SELECT
    (
        SELECT $column FROM $table
        WHERE project = {project:String}
            AND $column >= {first:UInt32} AND $column <= {last:UInt32}
        ORDER BY $column LIMIT 1
    ) AS oldest,
    (
        SELECT $column FROM $table
        WHERE project = {project:String}
            AND $column >= {first:UInt32} AND $column <= {last:UInt32}
        ORDER BY $column DESC LIMIT 1
    ) AS newest
