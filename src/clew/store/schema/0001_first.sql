-- Spans, contents, logs, metrics and scores.
--
-- Every table is a ReplacingMergeTree, because a sender may send anything again: a row with the
-- same key and a higher version replaces the earlier one. fsync_after_insert makes the answer to
-- an export mean "on disk". Partitions are months of the start, so that retention drops whole
-- partitions and a list reads only the months it shows. What stands with a dollar sign differs
-- with the layout (clew.store.layout).
--
-- Small parts are what many commits make. They are written with small buffers, kept in one file
-- and merged ten at once: with the engine's defaults merging costs twice as much.

CREATE TABLE IF NOT EXISTS spans$stored $on_cluster
(
    project LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_id String CODEC(ZSTD(1)),
    -- A finished span beats an unfinished one, then the later arrival wins (see clew.store.spans).
    version UInt64 CODEC(Delta, ZSTD(1)),
    start_ns Int64 CODEC(Delta, ZSTD(1)),
    end_ns Nullable(Int64) CODEC(ZSTD(1)),
    hour UInt32 MATERIALIZED toUInt32(intDiv(start_ns, 3600000000000)),
    name LowCardinality(String),
    display_name LowCardinality(String),
    kind LowCardinality(String),
    otel_kind LowCardinality(String),
    status LowCardinality(String),
    status_message String CODEC(ZSTD(1)),
    outcome LowCardinality(String),
    error_type LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
    level LowCardinality(String),
    service LowCardinality(String),
    environment LowCardinality(String),
    release LowCardinality(String),
    framework LowCardinality(String),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    session_id String CODEC(ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)),
    metadata Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    agent_name LowCardinality(String),
    workflow_name LowCardinality(String),
    tool_name LowCardinality(String),
    tool_call_id String CODEC(ZSTD(1)),
    provider LowCardinality(String),
    model LowCardinality(String),
    request_model LowCardinality(String),
    response_id String CODEC(ZSTD(1)),
    finish_reasons Array(LowCardinality(String)),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    -- '' without tokens, 'leaf' for this call's own, 'aggregate' for a sum over what runs below.
    usage_scope LowCardinality(String),
    input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_read_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    reasoning_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    total_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cost_usd Nullable(Float64) CODEC(ZSTD(1)),
    cost_source LowCardinality(String),
    -- Whether tokens and cost of this span belong to its run's sums (clew.analysis.usage).
    counted UInt8,
    ttft_ns Nullable(Int64) CODEC(ZSTD(1)),
    retries Nullable(UInt32) CODEC(ZSTD(1)),
    handoff_from LowCardinality(String),
    handoff_to LowCardinality(String),
    input_preview String CODEC(ZSTD(1)),
    output_preview String CODEC(ZSTD(1)),
    event_count UInt32 CODEC(ZSTD(1)),
    link_count UInt32 CODEC(ZSTD(1)),
    dropped_count UInt32 CODEC(ZSTD(1)),
    -- References to contents, in the order in which the span's payloads hold them.
    input_hashes Array(FixedString(16)) CODEC(ZSTD(1)),
    output_hashes Array(FixedString(16)) CODEC(ZSTD(1)),
    other_hashes Array(FixedString(16)) CODEC(ZSTD(1)),
    -- Small values as text, for filters and SQL; `raw` knows their types.
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    facts String CODEC(ZSTD(1)),
    raw String CODEC(ZSTD(1)),
    -- A page looks fifty traces up at once. The rows of a trace lie together, so 8,192 rows hold a few
    -- hundred of them: a filter over so many is small and asked fast, and with one false hit in
    -- 100,000 nearly nothing is read in vain.
    INDEX by_trace trace_id TYPE bloom_filter(0.00001) GRANULARITY 8,
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_user user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_response response_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_start start_ns TYPE minmax GRANULARITY 1
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (project, hour, trace_id, span_id)
SETTINGS index_granularity = 1024, $durable, $small_parts;

-- One message, tool definition or large value, stored once a trace and day. The text is kept apart
-- from the JSON around it (the skeleton), so that it is indexed and shown as it reads and every
-- byte can still be given back. The earliest span that holds a content keeps it: `version` falls
-- as `start_ns` rises.
CREATE TABLE IF NOT EXISTS contents$stored $on_cluster
(
    project LowCardinality(String),
    day UInt32 CODEC(Delta, ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    hash FixedString(16),
    version UInt64 MATERIALIZED toUInt64(9223372036854775807 - start_ns) CODEC(Delta, ZSTD(1)),
    start_ns Int64 CODEC(Delta, ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    size_bytes UInt64 CODEC(ZSTD(1)),
    mime LowCardinality(String),
    skeleton String CODEC(ZSTD(1)),
    text String CODEC(ZSTD(1)),
    blob String CODEC(ZSTD(1)),
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    -- Characters of scripts that write without spaces, and emoji with what joins and varies them,
    -- are words of their own, in what is stored and in what is asked for alike. File names of
    -- macOS come decomposed, what people type composed: both are read as NFKC.
    INDEX words text TYPE text(
        tokenizer = 'splitByNonAlpha',
        preprocessor = if(isValidASCII(text), lower(text), replaceRegexpAll(
            lowerUTF8(normalizeUTF8NFKC(toValidUTF8(text))),
            '([\\p{Han}\\p{Hiragana}\\p{Katakana}\\p{Hangul}\\p{Thai}\\p{Lao}\\p{Khmer}\\p{Myanmar}\\p{So}\\x{1F3FB}-\\x{1F3FF}\\x{200D}\\x{20E3}\\x{FE0E}\\x{FE0F}])',
            ' \\1 '
        ))
    )
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDate32(day))
ORDER BY (project, day, trace_id, hash)
SETTINGS index_granularity = 1024, $durable, $small_parts;

-- Log records; those with ids of a span are shown on it.
CREATE TABLE IF NOT EXISTS logs$stored $on_cluster
(
    project LowCardinality(String),
    day UInt32 CODEC(Delta, ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    time_ns Int64 CODEC(Delta, ZSTD(1)),
    log_hash FixedString(16),
    severity_number UInt8,
    severity LowCardinality(String),
    event_name LowCardinality(String),
    service LowCardinality(String),
    hashes Array(FixedString(16)) CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    raw String CODEC(ZSTD(1)),
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ${replicated}ReplacingMergeTree
PARTITION BY toYYYYMM(toDate32(day))
ORDER BY (project, day, trace_id, span_id, time_ns, log_hash)
SETTINGS $durable, $small_parts;

CREATE TABLE IF NOT EXISTS metrics$stored $on_cluster
(
    project LowCardinality(String),
    day UInt32 CODEC(Delta, ZSTD(1)),
    name LowCardinality(String),
    time_ns Int64 CODEC(Delta, ZSTD(1)),
    point_hash FixedString(16),
    start_ns Int64 CODEC(Delta, ZSTD(1)),
    unit LowCardinality(String),
    kind LowCardinality(String),
    value Nullable(Float64) CODEC(ZSTD(1)),
    count Nullable(UInt64) CODEC(ZSTD(1)),
    service LowCardinality(String),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    raw String CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree
PARTITION BY toYYYYMM(toDate32(day))
ORDER BY (project, name, day, time_ns, point_hash)
SETTINGS $durable, $small_parts;

CREATE TABLE IF NOT EXISTS scores$stored $on_cluster
(
    project LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    score_id String CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    name LowCardinality(String),
    data_type LowCardinality(String),
    value Nullable(Float64) CODEC(ZSTD(1)),
    label String CODEC(ZSTD(1)),
    comment String CODEC(ZSTD(1)),
    source LowCardinality(String),
    author LowCardinality(String),
    evaluator LowCardinality(String),
    time_ns Int64 CODEC(Delta, ZSTD(1)),
    metadata Map(LowCardinality(String), String) CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (project, trace_id, session_id, score_id)
SETTINGS $durable, $small_parts;
