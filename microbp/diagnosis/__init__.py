"""Which line of a derivation is wrong, from the learner's numbers alone.

`rules` is a backward pass with every line of the derivation a field, `passes` runs it, `mistakes` is the table of what
goes wrong, `replay`, `pairs` and `search` try them on the learner's network, `verdict` tells what was found.
"""
