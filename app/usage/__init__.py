"""What customers do with the product, day by day."""
