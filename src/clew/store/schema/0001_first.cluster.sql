-- On a cluster: the whole of each table, in front of the parts that the servers hold.
--
-- All that belongs to a trace lies on one shard, so the rows of a key meet where they replace each
-- other, and FINAL sees them together. Logs without a trace are spread by what they say.

CREATE TABLE IF NOT EXISTS spans $on_cluster AS spans_local
ENGINE = Distributed($cluster, currentDatabase(), spans_local, cityHash64(project, trace_id));

CREATE TABLE IF NOT EXISTS contents $on_cluster AS contents_local
ENGINE = Distributed($cluster, currentDatabase(), contents_local, cityHash64(project, trace_id));

CREATE TABLE IF NOT EXISTS logs $on_cluster AS logs_local
ENGINE = Distributed(
    $cluster, currentDatabase(), logs_local,
    cityHash64(project, if(trace_id = '', hex(log_hash), trace_id))
);

CREATE TABLE IF NOT EXISTS metrics $on_cluster AS metrics_local
ENGINE = Distributed($cluster, currentDatabase(), metrics_local, cityHash64(project, name));

CREATE TABLE IF NOT EXISTS scores $on_cluster AS scores_local
ENGINE = Distributed($cluster, currentDatabase(), scores_local, cityHash64(project, trace_id));
