"""The backward pass, one contribution at a time: steps, their sentences, names of values, paths to a leaf."""
