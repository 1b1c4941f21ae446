"""Signals of the people behind an account."""
