-- A semi-join: what belongs to one of some spans.
(trace_id, span_id) IN (SELECT trace_id, span_id FROM ($rows))
