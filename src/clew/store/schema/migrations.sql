-- Which migrations were applied. A starting server that is interrupted before it has written one
-- down applies it again, so every statement of a migration can be repeated.
CREATE TABLE IF NOT EXISTS schema_migrations$stored $on_cluster
(
    version UInt32,
    name String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ${replicated}MergeTree
ORDER BY version
SETTINGS $durable;
