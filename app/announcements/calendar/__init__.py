"""A member's renewals and tasks as a calendar that other programs subscribe to."""
