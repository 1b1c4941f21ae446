"""Many rows at once: read as columns, written as arrays, side by side."""
