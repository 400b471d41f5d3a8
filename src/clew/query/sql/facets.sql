-- How many runs (or spans) have each value of some fields: the most frequent values of each. $source
-- are those that match; $pairs are arrays of (field, value), a value once a run.
SELECT pair.1 AS field, pair.2 AS value, count() AS count
FROM
(
    SELECT arrayJoin(arrayConcat($pairs)) AS pair
    FROM ($source)
    WHERE $at >= {from_ns:Int64} AND $at < {to_ns:Int64}
)
WHERE value != ''
GROUP BY field, value
ORDER BY field, count DESC, value
LIMIT {limit:UInt32} BY field
