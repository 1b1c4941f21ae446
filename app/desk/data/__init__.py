"""The Data pages: what flows, what is held, what counts, and how to connect."""
