"""One weight of each layer of a deep network in three notations: with indices, vectorized, and read off the graph.

Run it: python examples/deep.py, or with other sizes, the inputs first: python examples/deep.py 3 5 4 4 2
"""

import argparse
from dataclasses import replace
from functools import cache

import numpy as np

from microbp import MicrobpError, load, nn, paths, vectorized


def main(sizes=()):
    problem = load("deep")
    if sizes:
        (weights, biases), normal = nn.MLP(sizes[0], sizes[1:], seed=2).arrays(), np.random.default_rng(2).normal
        X, Y = normal(size=(3, sizes[0])), normal(size=(3, sizes[-1]))
        problem = replace(problem, weights=weights, biases=biases, inputs=X, targets=Y)
    y, W = problem.targets, [None, *problem.model.arrays()[0]]
    m, L = len(y), len(W) - 1
    _, a = vectorized.forward(*problem.model.arrays(), problem.inputs, **problem.model.activations())

    @cache
    def delta(l, i, j):  # with indices: ∂E/∂z[l][i,j], of sample i and neuron j
        if l == L:
            return a[L][i, j] - y[i, j]
        return sum(delta(l + 1, i, q) * W[l + 1][q, j] for q in range(len(W[l + 1]))) * (1 - a[l][i, j] ** 2)

    E, numbers = problem.root(slice(None)), {}
    E.backward()
    print(f"{problem.model}, E = Σ ½(y − a[{L}])² = {E.data:.9f}. i is one of {m} samples, j, k, q are neurons.")
    rule, delta_l, code = f"a[{L}][i,j] − y[i,j]", a[L] - y, f"delta{L} = a{L} - y, {y.shape}"
    for l in range(L, 0, -1):
        dW, n, k = delta_l.T @ a[l - 1], len(W[l]), W[l].shape[1] - 1
        w, terms = problem.find(f"w[{l}][0,{k}]"), [delta(l, i, 0) * a[l - 1][i, k] for i in range(m)]
        numbers[w.label], by_sample = (sum(terms), dW[0, k], w.grad), " + ".join(f"{t:.6f}" for t in terms)
        shapes = f"{(n, m)} @ {(m, k + 1)}: sums over samples, axis 0 of both"
        print(f"\n∂E/∂{w.label}, a weight of layer {l}")
        print(f"  indices {sum(terms): .9f} = Σi δ[{l}][i,0] · a[{l - 1}][i,{k}] = {by_sample}")
        print(f"           δ[{l}][i,j] = {rule}")
        print(f"  NumPy   {dW[0, k]: .9f} = dW{l}[0, {k}], dW{l} = delta{l}.T @ a{l - 1}, {shapes}")
        print(f"           {code}")
        print(f"  graph   {w.grad: .9f} = the sum of the products along the {paths(E, w).count} paths from E to it")
        shapes = f"{(m, n)} @ {(n, k + 1)}: sums over the neurons of layer {l}"
        code = f"delta{l - 1} = (delta{l} @ W{l}) * (1 - a{l - 1}**2), {shapes}"
        rule = f"(Σq δ[{l}][i,q] · w[{l}][q,j]) · (1 − a[{l - 1}][i,j]²)"
        delta_l = (delta_l @ W[l]) * (1 - a[l - 1] ** 2)
    return numbers


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, metavar="SIZE")
    try:
        main(parser.parse_args().sizes)
    except MicrobpError as error:
        parser.error(str(error))
