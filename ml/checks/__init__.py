"""Whether a model may be trusted: simpler rivals, months it had not seen, and a verdict in words."""
