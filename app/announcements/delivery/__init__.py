"""Carries announcements to their subscribers: at least once, later again where it failed."""
