"""How an announcement reads on each way out."""
