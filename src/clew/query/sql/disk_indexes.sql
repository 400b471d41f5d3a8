-- What the text indexes of each table take, which is part of the table's bytes.
SELECT
    replaceRegexpOne(table, '_local$$', '') AS name,
    toUInt64(sum(data_compressed_bytes + marks_bytes)) AS size_bytes
FROM $indexes
WHERE database = currentDatabase() AND type = 'text'
GROUP BY name
