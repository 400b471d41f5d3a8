-- What runs are called.
SELECT trace_id, name FROM ($run)
