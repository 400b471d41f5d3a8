-- What a run is, read from its spans: one row a trace id.
--
-- $rows are the newest versions of spans. $columns and $aggregates are what a question wants of
-- run_columns.sql and run_aggregates.sql (see clew.query.narrow), and what a filter needs beside.
SELECT
$columns
FROM
(
    SELECT
$aggregates
    FROM ($rows)
    GROUP BY trace_id
)
