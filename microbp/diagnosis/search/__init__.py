"""From the numbers to the lines: the grammar of edits, the layers replayed with them, the factors solved for."""
