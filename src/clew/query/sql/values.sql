-- The most frequent values of a field, for completion. A span that was sent twice may count twice. $more
-- are values from elsewhere.
SELECT value, count() AS count
FROM (SELECT toString($value) AS value FROM ($rows) $more)
WHERE value != '' AND startsWith(lowerUTF8(value), lowerUTF8({prefix:String}))
GROUP BY value
ORDER BY count DESC, value
LIMIT {limit:UInt32}
