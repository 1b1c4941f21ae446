"""Measures the targets of docs/decisions.md on the machine at hand. `make bench` runs them all."""
