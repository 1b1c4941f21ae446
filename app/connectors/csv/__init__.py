"""A company's own exports, as CSV."""
