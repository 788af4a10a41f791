"""Commands that write formulas out, with their numbers."""
