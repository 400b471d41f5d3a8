-- The most frequent names of scores, or labels of the scores with one name.
SELECT toString(said) AS value, count() AS count
FROM (SELECT *, $value AS said FROM scores FINAL)
WHERE project = {project:String} AND data_type != 'tag' AND ({key:String} = '' OR name = {key:String})
    AND said != '' AND startsWith(lowerUTF8(said), lowerUTF8({prefix:String}))
GROUP BY said
ORDER BY count DESC, said
LIMIT {limit:UInt32}
