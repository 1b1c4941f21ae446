"""Jitsu, whose messages are those of the Segment spec, one a request, at addresses of its own."""
