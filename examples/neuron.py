"""One neuron on three features, its target the first of them: Jacobians, gradients, training, other activations.

Run it: python examples/neuron.py [--plot FILE]   (the chart needs matplotlib)
"""

import argparse
from dataclasses import replace

import numpy as np

from microbp import jacobian, load, losses, train
from microbp.printing import columns
from microbp.training.charts import plot_training


def show(title, rows):
    text = [[c if isinstance(c, str) else " ".join(f"{x: z.4f}" for x in np.ravel(c)) for c in row] for row in rows]
    print("\n".join([title, *columns(text)]), end="\n\n")


def main(plot=None):
    problem = load("neuron")
    X, y, m = problem.inputs, problem.targets, len(problem.inputs)
    neuron = replace(problem, output="tanh")
    (*w, b), a = neuron.leaves(), [neuron.model(x) for x in X]
    z = [out.inputs[0] for out in a]
    C, A = losses.mean_squared_error([[out] for out in a], y), neuron.predict(X)
    dC_da, da_dz, dz_dw, dz_db = jacobian([C], a), jacobian(a, z), jacobian(z, w), jacobian(z, [b])
    rows = [[str(J.shape) for J in (da_dz, dz_dw, dz_db)], *((da_dz[i, :3], dz_dw[i], dz_db[i]) for i in range(3))]
    print(f"A tanh neuron: z = Xw + b, a = tanh(z), C = 1/m Σ (a − y)², m = {m} samples. Its Jacobians begin with")
    show("∂a/∂z, diagonal          ∂z/∂w = X                ∂z/∂b = 1", rows)
    chain = [("∂C/∂w = ∂C/∂a · ∂a/∂z · ∂z/∂w", dC_da @ da_dz @ dz_dw)]
    chain.append(("= 2/m ((a − y) ⊙ (1 − a²))ᵀ X", 2 / m * ((A - y) * (1 - A**2)).T @ X))
    show("The chain rule is their product. With a diagonal between them, ⊙ does the same with less work:", chain)
    means, runs = [("sample 0 alone", jacobian([problem.root([0])], problem.leaves()))], []
    for size in (1, 8, m):
        each = jacobian([problem.root(rows) for rows in np.split(np.arange(m), m // size)], problem.leaves())
        means.append((f"mean over batches of {size}", each.mean(axis=0)))
        run = train(replace(problem), 200, batch_size=size, record=True)
        steps = int(np.argmax(abs(run.history - [1, 0, 0, 0]).max(axis=1) < 1e-6))
        runs.append((f"batches of {size}:", f"{steps} steps, {steps * size} samples seen;", run.history[steps]))
    means.append(("2/m (a − y)ᵀ [X 1]", 2 / m * (problem.predict(X) - y).T @ np.c_[X, np.ones(m)]))
    show("The linear neuron, a = z: ∂C/∂(w1, w2, w3, b) is a mean over samples, in whatever batches.", means)
    show("Trained until w = (1, 0, 0) and b = 0 to 1e-6, it ignores what does not matter:", runs)
    if plot:
        plot_training(problem, run, plot)
    limits = [("says", " w1, w2, w3, b", " C", " C at least", " unseen (-1.5, 0.3, 2), true -1.5")]
    for name, low, high in (("linear", -np.inf, np.inf), ("relu", 0, np.inf), ("tanh", -1, 1), ("sigmoid", 0, 1)):
        neuron = replace(problem, output=name)
        run, least = train(neuron, 2000, engine="vectorized", record=True), np.mean((y - np.clip(y, low, high)) ** 2)
        limits.append((f"{name}: {low} … {high}", run.history[-1], run.loss, least, neuron.predict([[-1.5, 0.3, 2]])))
    show("Other activations cannot say every number: targets out of reach cost 'C at least', with any weights.", limits)
    return {"chain": chain, "means": means, "runs": runs, "limits": limits}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--plot", metavar="FILE")
    main(**vars(parser.parse_args()))
