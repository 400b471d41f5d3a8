-- What was moved here so far, while a store is moved from somewhere else; dropped when it is done.
-- A row without a table says which move this is, or that all was verified.
CREATE TABLE IF NOT EXISTS moved_pieces$stored $on_cluster
(
    move String,
    place String,
    piece String,
    rows UInt64,
    checksum UInt64
)
ENGINE = ${replicated}MergeTree
ORDER BY (place, piece)
SETTINGS $durable;
