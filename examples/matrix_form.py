"""The matrix form with Θ, Δ and D: the loop over the examples, the same vectorized, numerical gradient checking.

Run it: python examples/matrix_form.py
"""

import numpy as np

from microbp import load, to_theta, vectorized
from microbp.comparing import differences

BIASES = "-9.2783e-03 8.8991e-03 -8.3601e-03 7.6281e-03 -6.7480e-03 "  # published, by λ: D(1) column by column
PUBLISHED = {0: BIASES + "-3.0498e-06 1.4287e-05 -2.5938e-05", 3: BIASES + "-1.6768e-02 3.9433e-02 5.9336e-02"}


def loop_over_examples(Theta, X, Y, l2):
    Delta = [np.zeros(T.shape) for T in Theta]
    for x, y in zip(X, Y, strict=True):
        a = [np.append(1, x)]
        for T in Theta:
            a.append(np.append(1, 1 / (1 + np.exp(-T @ a[-1]))))
        delta = a[-1][1:] - y
        for l in reversed(range(len(Theta))):
            Delta[l] += np.outer(delta, a[l])  # Δ(l) := Δ(l) + δ(l+1) a(l)ᵀ
            delta = (Theta[l].T @ delta * a[l] * (1 - a[l]))[1:]  # δ(l) = Θ(l)ᵀ δ(l+1) ⊙ a(l) ⊙ (1 − a(l))
    return [(D + l2 * T * (np.arange(T.shape[1]) > 0)) / len(X) for D, T in zip(Delta, Theta, strict=True)]


def unroll(matrices):
    return np.concatenate([matrix.ravel(order="F") for matrix in matrices])


def main():
    numbers = {}
    print("A loop adds δ(l+1) a(l)ᵀ to Δ(l) for each example. Vectorized, Δ(l) = δ(l+1)ᵀ A(l): the product adds them.")
    print("D = (Δ + λΘ)/m, but Δ/m for b: λ spares it. numgrad = (J(θ + ε) − J(θ − ε)) / 2ε for each θ, ε = 1e-4.")
    for name, l2 in (("matrix-form", 0), ("matrix-form", 3), ("matrix-form-deep", 1)):
        (problem := load(name)).l2 = l2
        X, Y, root = problem.inputs, problem.targets, problem.root()
        (W, b), values = problem.model.arrays(), problem.model.parameter_arrays()
        root.backward()
        theta = unroll(map(np.column_stack, zip(values[1::2], values[::2], strict=True)))
        _, dW, db = vectorized.loss_and_gradients(W, b, X, Y, **problem.model.activations(), loss=problem.loss, l2=l2)
        D, loop = unroll(to_theta(dW, db)), unroll(loop_over_examples(to_theta(W, b), X, Y, l2))
        move = dict(zip(theta, np.eye(len(theta)), strict=True))
        moved = ({t: t.data + s * move[t] for t in theta} for s in (1e-4, -1e-4))
        high, low = (differences.recomputed(root.graph(), leaves)[root] for leaves in moved)
        numgrad = (high - low) / 2e-4
        graph, relative = np.array([t.grad for t in theta]), np.linalg.norm(numgrad - D) / np.linalg.norm(numgrad + D)
        print(f"\n{problem.title}, λ = {l2}: J = {root.data:.6f}")
        for t, n, d, p in zip(theta, numgrad, D, PUBLISHED.get(l2, "").split(), strict=False):
            print(f"∂J/∂{t.label:9}  numgrad {n: .4e}   D {d: .4e}   published {p:>11}")
        print(f"‖numgrad − D‖ / ‖numgrad + D‖ = {relative:.1e}, over all {len(D)}; the exercise asks for < 1e-9.")
        print(f"D − grads on the graph: looped {abs(loop - graph).max():.0e}, vectorized {abs(D - graph).max():.0e}.")
        numbers[name, l2] = {"numgrad": numgrad, "vectorized": D, "loop": loop, "graph": graph, "relative": relative}
    return numbers


if __name__ == "__main__":
    main()
