"""Newton's method on w1–w8: second derivatives from the table, beside differences; where it fails, and what helps.

Run it: python examples/newton.py
"""

import numpy as np

from microbp import gradient, load, replay, total, train

problem = load("w1-w8")
E, w = problem.root(), problem.trained()
g = gradient(E, w)  # values: they can be differentiated again
H = [gradient(slope, w) for slope in g]
graph = replay(total([E, *g, *(h for row in H for h in row)]))  # all of it, computed anew by one call


def at(theta):
    for leaf, number in zip(w, theta.tolist(), strict=True):
        leaf.data = number
    graph.forward()
    return E.data, np.array([slope.data for slope in g]), np.array([[h.data for h in row] for row in H])


def descend(theta, downhill):
    for _ in range(17):
        loss, slope, curvature = at(theta)
        yield loss
        values, vectors = np.linalg.eigh(curvature)
        flat = np.abs(values) < 1e-9 * np.abs(values).max()  # nothing changes along these
        lifted = np.abs(values) + min(np.linalg.norm(slope), 0.01)
        theta = theta - vectors @ (vectors.T @ slope / (lifted if downhill else np.where(flat, np.inf, values)))


def main():
    start, step = np.array([leaf.data for leaf in w]), 1e-5
    curvature = at(start)[2]
    moved = [[at(start + sign * step * unit)[1] for sign in (1, -1)] for unit in np.eye(8)]
    differences = np.array([(ahead - behind) / (2 * step) for ahead, behind in moved])
    print("H = ∂²E/∂w∂w: each ∂E/∂w is a graph, and has a gradient. The row of w5, and differences of ∂E/∂w5:\n")
    for name, row in (("graph", curvature[4]), ("differences", differences[4])):
        print(f"{name:12}", *(f"{number: .8f}" for number in row))
    values = [value for value in np.linalg.eigvalsh(curvature) if abs(value) > 1e-15]
    print("\nEigenvalues:", *(f"{value:.2g}" for value in values), "and two that are 0.")
    print("Along those below 0 −H⁻¹g goes uphill: Newton's method looks for slope 0, here a plateau.")
    print(
        "With |eigenvalue| + min(|g|, 0.01) instead of each it goes down along all.\n\nstep  E by −H⁻¹g  downhill alone"
    )
    runs = [list(descend(start, downhill)) for downhill in (False, True)]
    print("\n".join(f"{k:4}  {plain:.9f}  {down:.9f}" for k, (plain, down) in enumerate(zip(*runs, strict=True))))
    descent = train(load("w1-w8"), 10_000, engine="vectorized").loss
    print(f"\nGradient descent is at E = {descent:.9f} after 10,000 steps. A step of Newton's costs 8 gradients more.")
    return {"graph": curvature, "differences": differences, "runs": runs, "descent": descent}


if __name__ == "__main__":
    main()
