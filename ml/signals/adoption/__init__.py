"""Signals of how an account uses the product."""
