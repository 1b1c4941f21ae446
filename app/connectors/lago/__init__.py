"""Lago's usage events: /api/v1/events (shared with OpenMeter) and /api/v1/events/batch."""
