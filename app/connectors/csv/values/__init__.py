"""The values of cells: what a text may mean, decided from all values of its column."""
