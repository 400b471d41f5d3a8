"""Our own HTTP API: one file a noun."""
