"""Signals of how an account fares with support."""
