"""The simulated company: a customer book whose hidden truth is known."""
