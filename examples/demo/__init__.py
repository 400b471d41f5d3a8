"""The demo: a travel desk of several agents, recorded by real instrumentors."""
