"""Signals of what an account pays and how."""
