"""PostHog's capture: v0, in batches and single, and v1."""
