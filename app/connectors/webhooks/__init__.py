"""Webhooks: what other systems tell us, kept as they said it and brought into the book afterwards."""
