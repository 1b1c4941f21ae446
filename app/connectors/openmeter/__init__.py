"""OpenMeter's /api/v1/events: CloudEvents, answered by 204. Lago's clients post to the same address."""
