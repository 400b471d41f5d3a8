-- What a run's own row takes from its spans beside what a skeleton shows.
    , version AS _version
    , start_ns AS _start_ns
    , end_ns AS _end_ns
    , counted AS _counted
    , toUInt8(notEmpty(input_hashes) OR notEmpty(output_hashes)) AS _has_content
    , facts AS _facts
