-- All spans of a project, as far as FINAL sees that they are the newest versions.
SELECT $columns FROM spans FINAL
WHERE project = {project:String}
