"""The tiny GPT of examples/passes on arrays of an engine's values: NumPy calls their methods."""

import sys
from pathlib import Path

import numpy as np

import microbp

sys.path.append(str(Path(__file__).parent.parent.parent / "examples" / "passes"))

import tiny_gpt  # after the path

DATA = tiny_gpt.data()


def leaves_of(tree):
    """The arrays in dicts and lists, by the order of names."""
    if isinstance(tree, dict):
        return [x for name in sorted(tree) for x in leaves_of(tree[name])]
    return [x for part in tree for x in leaves_of(part)] if isinstance(tree, list | tuple) else [tree]


def mapped(function, tree):
    """The same tree with something else for each array."""
    if isinstance(tree, dict):
        return {name: mapped(function, part) for name, part in tree.items()}
    return [mapped(function, part) for part in tree] if isinstance(tree, list) else function(tree)


def loss(params):
    """The loss, whatever the parameters are made of."""
    return tiny_gpt.forward(**{**DATA, "params": params})["loss"]


def scalars(value=microbp.array):
    """The function that builds the graph, a step that does, and the leaves as arrays."""
    made = value if value is microbp.array else np.vectorize(value, otypes=[object])
    params = mapped(made, DATA["params"])
    arrays = [np.asarray(array, dtype=object) for array in leaves_of(params)]
    leaves = [v for array in arrays for v in array.flat]

    def step():
        for v in leaves:
            v.grad = 0.0
        loss(params).backward()
        return [v.grad for v in leaves]

    return lambda: loss(params), step, arrays
