"""The questions that are asked of the store, and the SQL that asks them."""
