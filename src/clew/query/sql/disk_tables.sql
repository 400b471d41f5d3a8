-- What the parts of each table take; those that a merge replaced are removed some minutes later.
SELECT
    replaceRegexpOne(table, '_local$$', '') AS name,
    toUInt64(sumIf(rows, active)) AS rows,
    toUInt64(sumIf(bytes_on_disk, active)) AS size_bytes,
    toUInt64(sumIf(bytes_on_disk, NOT active)) AS replaced_bytes
FROM $parts
WHERE database = currentDatabase() AND name IN {tables:Array(String)}
GROUP BY name
