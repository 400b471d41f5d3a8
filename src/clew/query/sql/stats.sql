-- A metric by buckets of time and groups: each bucket of each group (level 0), each whole group
-- (level 1) and everything (level 2), since a percentile of a day isn't the sum of its hours. Only
-- the largest groups are given. $source are runs or spans.
WITH cells AS
(
    SELECT
        grouping(bucket) + grouping(group) AS level,
        bucket,
        group,
        toNullable(toFloat64($value)) AS value
    FROM
    (
        SELECT
            *,
            intDiv($at, {interval_ns:Int64}) * {interval_ns:Int64} AS bucket,
            materialize(CAST([$groups], 'Array(String)')) AS group
        FROM ($source)
        WHERE $at >= {from_ns:Int64} AND $at < {to_ns:Int64}
    )
    GROUP BY GROUPING SETS ((bucket, group), (group), ())
)
SELECT level, bucket, group, value
FROM
(
    SELECT *, dense_rank() OVER (ORDER BY level = 2 DESC, size DESC, group) AS place
    FROM
    (
        SELECT
            *,
            max(if(level = 1, ifNull(value, 0), -1)) OVER (PARTITION BY level = 2, group) AS size
        FROM cells
    )
)
WHERE place <= {most_groups:UInt32} + 1
