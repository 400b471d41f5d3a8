-- The contents of a span in a list, in order.
    , arrayMap(hash -> lower(hex(hash)), input_hashes) AS input_hashes
    , arrayMap(hash -> lower(hex(hash)), output_hashes) AS output_hashes
