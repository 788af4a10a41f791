"""One neuron in each of three layers: the chain rule with nothing to sum. Then the same with several neurons.

Run it: python examples/chain.py
"""

from microbp import jacobian, load
from microbp.printing import columns


def show(*rows):
    print("\n".join(columns([[cell if isinstance(cell, str) else f"{cell: .9f}" for cell in row] for row in rows])))


def main():
    problem = load("chain")
    C, y, order = problem.root(), problem.targets[0, 0], [leaf.label for leaf in problem.leaves()]
    C.backward()
    node = {value.label: value for value in C.graph()}
    a0, a1, a2, a3, w2, w3 = (node[name].data for name in ("a0", "a1", "a2", "a3", "w2", "w3"))
    s1, s2, s3 = a1 * (1 - a1), a2 * (1 - a2), a3 * (1 - a3)  # σ′(z) = σ(z)(1 − σ(z))
    by_hand = (
        ("a3", "2(a3 − y)", c3 := 2 * (a3 - y)),
        ("w3", "a2 · σ′(z3) · ∂C/∂a3", a2 * s3 * c3),
        ("b3", " 1 · σ′(z3) · ∂C/∂a3", 1 * s3 * c3),
        ("a2", "w3 · σ′(z3) · ∂C/∂a3", c2 := w3 * s3 * c3),
        ("w2", "a1 · σ′(z2) · ∂C/∂a2", a1 * s2 * c2),
        ("b2", " 1 · σ′(z2) · ∂C/∂a2", 1 * s2 * c2),
        ("a1", "w2 · σ′(z2) · ∂C/∂a2", c1 := w2 * s2 * c2),
        ("w1", "a0 · σ′(z1) · ∂C/∂a1", a0 * s1 * c1),
        ("b1", " 1 · σ′(z1) · ∂C/∂a1", 1 * s1 * c1),
    )
    print(f"One neuron a layer: z = w·a + b, a = σ(z), at the end C = (a3 − y)² = {C.data:.9f}. Backwards, each")
    print("layer passes ∂C/∂a back to the layer before, and there it does what 2(a3 − y) does in layer 3.\n")
    chain = [(f"∂C/∂{name} =", formula, number, node[name].grad) for name, formula, number in by_hand]
    show(("", "", " by hand", " graph"), *chain)
    hand = {name: number for name, _, number in by_hand}
    print(f"\nThe gradient ∇C, by ({', '.join(order)}):\n")
    show(("by hand", *(hand[name] for name in order)), ("graph", *(node[name].grad for name in order)))

    problem = load("chain-wide")
    C, W2, n = problem.root([1]), problem.model.arrays()[0][1], len(problem.inputs)
    node = {value.label: value for value in C.graph()}
    a2, y = problem.predict(problem.inputs)[1], problem.targets[1]
    terms = W2.T * (a2 * (1 - a2) * 2 * (a2 - y))  # row k, column j
    passed = jacobian([C], [node[f"a[1][{k}]"] for k in range(3)])[0]
    print("\nSeveral neurons: a1[k] enters each neuron j of layer 2, so what is passed back is a sum. In sample 1")
    print("∂C/∂a1[k] = Σ w2[j,k] · σ′(z2[j]) · 2(a2[j] − y[j]):\n")
    wide = [(f"k = {k}", *row, sum(row), passed[k]) for k, row in enumerate(terms)]
    show(("", " j = 0", " j = 1", " sum", " graph"), *wide)
    each = jacobian([problem.root([x]) for x in range(n)], problem.leaves())
    whole = jacobian([problem.root()], problem.leaves())[0]
    print(f"\nThe cost of n = {n} samples is the mean, C = 1/n Σ Cₓ, so ∂C/∂w is the mean of the ∂Cₓ/∂w:\n")
    mean = [(leaf.label, *each[:, p], each[:, p].mean(), whole[p]) for p, leaf in enumerate(problem.leaves())]
    show(("", *(f" C{x}" for x in range(n)), " mean", " graph of C"), *mean[::4])
    return {row[0]: row[-2:] for row in (*chain, *wide, *mean)}


if __name__ == "__main__":
    main()
