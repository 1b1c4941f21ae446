"""The Segment HTTP tracking API v1, which RudderStack speaks too."""
