"""Which line of a derivation is wrong, from the learner's numbers alone."""
