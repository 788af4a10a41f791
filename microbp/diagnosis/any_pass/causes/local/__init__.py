"""Slips in the derivative of one operation: the arrows of a way, and what else stands on them."""
