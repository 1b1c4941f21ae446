"""What will renew: the model's view, the manager's call, and how well both did."""
