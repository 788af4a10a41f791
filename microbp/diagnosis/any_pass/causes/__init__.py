"""Why a line of a backward pass is wrong, from the graph of its forward pass alone."""
