"""What a book of accounts tells about its future: frames in, frames out, seeds as arguments.

No web, no database, no clock. The order of reading: facts, lives, signals, features, labels, splits, hazard,
evaluate, checks, explain, learning, artifacts; beside them renewals (the forecast) and drift.
"""
