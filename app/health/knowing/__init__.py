"""What was known of a book on a day, read from storage: for scoring, for training, and once more in hindsight."""
