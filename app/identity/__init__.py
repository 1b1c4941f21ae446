"""Who may come in, into which workspace, and what they may do there."""
