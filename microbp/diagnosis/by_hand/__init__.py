"""Mistakes in derivatives of expressions, worked out by hand."""
