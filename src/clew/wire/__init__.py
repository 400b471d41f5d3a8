"""Bytes of any dialect ⇄ spans: pure functions that know neither the network nor the database."""
