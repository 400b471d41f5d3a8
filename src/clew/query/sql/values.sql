-- The most frequent values of a field, for completion. A span that was sent twice may count twice.
SELECT value, count() AS count
FROM (SELECT $value AS value FROM ($rows))
WHERE value != '' AND startsWith(lowerUTF8(value), lowerUTF8({prefix:String}))
GROUP BY value
ORDER BY count DESC, value
LIMIT {limit:UInt32}
