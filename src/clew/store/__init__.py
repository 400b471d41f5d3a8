"""The span database: one SQL dialect, one seam to the engine that runs it."""
