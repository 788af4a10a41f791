"""The delta rule for any activation f, a different one in each layer: δ is ∂E/∂b, and ∂E/∂net.

Run it: python examples/delta_rule.py
"""

import numpy as np

from microbp import load
from microbp.printing import columns


def sigmoid(u):
    return 1 / (1 + np.exp(-u))


F = {"softplus": lambda u: np.log1p(np.exp(u)), "tanh": np.tanh, "sigmoid": sigmoid}
F_PRIME = {"softplus": sigmoid, "tanh": lambda u: 1 - np.tanh(u) ** 2, "sigmoid": lambda u: sigmoid(u) * sigmoid(-u)}


def main():
    problem = load("delta-rule")
    f = ["", *problem.activation, problem.output]  # f[l] is the activation of layer l; layer 0 is the input
    n, t = len(f) - 1, problem.targets[0]
    W, b = ([None, *arrays] for arrays in problem.model.arrays())
    u, y = [None] * (n + 1), [problem.inputs[0]]
    for l in range(1, n + 1):
        u[l] = W[l] @ y[l - 1] + b[l]
        y.append(F[f[l]](u[l]))
    delta = [None] * (n + 1)
    delta[n] = (y[n] - t) * F_PRIME[f[n]](u[n])
    for l in range(n - 1, 0, -1):
        delta[l] = W[l + 1].T @ delta[l + 1] * F_PRIME[f[l]](u[l])

    E = problem.root()
    E.backward()
    graph = {value.label: value.grad for value in E.graph()}
    print(f"u(l) = W(l) y(l−1) + b(l), y(l) = f(u(l)), E = ½‖y({n}) − t‖² = {E.data:.9f}. Since ∂u/∂b = 1,")
    print("∂E/∂b = ∂E/∂u. That is δ, and it goes from layer to layer, whatever f is:\n")
    numbers, rows = {}, [("", "", " ∂E/∂b: leaf", " ∂E/∂u: net", " δ: recursion")]
    for l in range(n, 0, -1):
        rule = f"δ({l}) = (y({l}) − t) ⊙ f′(u({l}))" if l == n else f"δ({l}) = W({l + 1})ᵀ δ({l + 1}) ⊙ f′(u({l}))"
        for j, number in enumerate(delta[l]):
            row = numbers[f"δ({l})[{j}]"] = graph[f"b[{l}][{j}]"], graph[f"z[{l}][{j}]"], number
            rows.append((f"{rule}, f = {f[l]}" if j == 0 else "", f"j = {j}", *(f"{x: .9f}" for x in row)))
    print("\n".join(columns(rows)))

    print("\nWith δ both gradients are there: ∂E/∂b(l) = δ(l), ∂E/∂W(l) = δ(l) y(l−1)ᵀ, a column times a row:\n")
    rows = [("", "", " δ(l) y(l−1)ᵀ", " graph")]
    for l in range(n, 0, -1):
        gradients = numbers[f"W({l})"] = np.outer(delta[l], y[l - 1]), problem.model.grad_arrays()[0][l - 1]
        for j in range(len(b[l])):
            texts = (" ".join(f"{x: .6f}" for x in gradient[j]) for gradient in gradients)
            rows.append((f"∂E/∂W({l})" if j == 0 else "", f"j = {j}", *texts))
    print("\n".join(columns(rows)))
    return numbers


if __name__ == "__main__":
    main()
