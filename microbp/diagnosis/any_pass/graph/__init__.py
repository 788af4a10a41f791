"""The graph of a forward pass as arrays of numbers: its nodes, the part below a line, its operations, the ways back."""
