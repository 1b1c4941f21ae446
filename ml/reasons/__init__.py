"""Why a risk is what it is, and what would change it."""
