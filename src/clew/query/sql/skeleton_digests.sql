-- What went in and came out of a span, each as one name: the contents themselves are a thousand names a
-- call in a long conversation, 22 MB for a run of 1,000 calls.
    , if(empty(input_hashes), '', lower(hex(cityHash64(input_hashes)))) AS input_digest
    , if(empty(output_hashes), '', lower(hex(cityHash64(output_hashes)))) AS output_digest
