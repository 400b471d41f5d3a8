-- The last hours that have spans, as many as a week has: not the last week of the calendar, which a
-- span with a broken clock may end in another century. Without spans both are 0.
SELECT min(hour) AS oldest, max(hour) AS newest
FROM
(
    SELECT DISTINCT hour FROM spans
    WHERE project = {project:String}
    ORDER BY hour DESC
    LIMIT 168
)
