"""The vectorized pass as text, and one weight's derivative in three notations."""
