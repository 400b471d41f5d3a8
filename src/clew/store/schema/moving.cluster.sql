CREATE TABLE IF NOT EXISTS moved_pieces $on_cluster AS moved_pieces_local
ENGINE = Distributed($cluster, currentDatabase(), moved_pieces_local, cityHash64(piece));
