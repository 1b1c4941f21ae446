"""What we do when an account needs it, and whether it helps."""
