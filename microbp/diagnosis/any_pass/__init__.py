"""Any backward pass that is written in NumPy, held line by line against the graph of its own forward pass."""
