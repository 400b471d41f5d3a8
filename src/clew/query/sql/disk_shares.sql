-- How much of a table belongs to which project and day, before compression.
SELECT project, toInt32($day) AS day, count() AS rows, toUInt64(sum($weight)) AS weight_bytes
FROM $table
GROUP BY project, day
