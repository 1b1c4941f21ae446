"""Every word exchanged with customers, on whatever channel."""
