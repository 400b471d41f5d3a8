-- Runs that match a filter, for statistics over them.
SELECT * FROM ($run) WHERE $condition
