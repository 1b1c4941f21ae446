"""The book: accounts, the people at them, what they pay and how that moves."""
