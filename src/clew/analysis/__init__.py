"""Pure questions about runs: what counts, what repeats, where two runs part."""
