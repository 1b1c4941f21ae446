"""Contraction and expansion: the chance that an account which stays pays less, or more, within 90 days."""
