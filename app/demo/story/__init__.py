"""What truly happens behind the simulated book: who signs, what befalls them, and what becomes of their contracts."""
