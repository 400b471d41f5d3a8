-- The first and the last hour in which a project has spans: where a walk through time starts and
-- ends. The order of the table gives both without reading more than a few granules.
SELECT
    (
        SELECT hour FROM spans
        WHERE project = {project:String}
            AND hour >= {from_hour:UInt32} AND hour <= {to_hour:UInt32}
        ORDER BY hour LIMIT 1
    ) AS oldest,
    (
        SELECT hour FROM spans
        WHERE project = {project:String}
            AND hour >= {from_hour:UInt32} AND hour <= {to_hour:UInt32}
        ORDER BY hour DESC LIMIT 1
    ) AS newest
