"""Arrays of values: NumPy code runs on them as it is."""
