"""Real data: XOR, irises, handwritten digits. Each is trained as its problem says; what it learnt, and what it did not.

Run it: python examples/real_data.py
"""

import numpy as np

from microbp import load, train, vectorized
from microbp.printing import columns


def learn(name):
    graph, numpy = (np.array(train(load(name), 20, engine=engine).losses) for engine in ("scalar", "vectorized"))
    problem = load(name)
    run = train(problem)
    accuracies = [("trained on", run.accuracy, problem.inputs)]
    if len(problem.held_out_inputs):
        accuracies.append(("never seen", run.held_out_accuracy, problem.held_out_inputs))
    print(f"{problem.title}\n")
    print(f"The same first 20 steps on the graph and in NumPy: losses at most {abs(graph - numpy).max():.1e} apart.")
    print(f"Trained by its settings: loss {run.initial_loss:.4f} before, {run.loss:.4f} after {run.steps} steps.")
    print("\n".join(f"Right answers on {len(X)} samples {words}: {share:.1%}" for words, share, X in accuracies))
    return problem, {"graph": graph, "numpy": numpy, "accuracy": run.accuracy, "held out": run.held_out_accuracy}


def main():
    problem, xor = learn("xor")
    _, h, a = vectorized.forward(*problem.model.arrays(), problem.inputs, **problem.model.activations())[1]
    points = zip(problem.inputs, h, a, problem.targets, strict=True)
    rows = [[" ".join(f"{number: .2f}" for number in numbers) for numbers in point] for point in points]
    print("The hidden layer moves (0, 0) and (1, 1) to nearly the same point: one neuron can then tell them apart.\n")
    print("\n".join(columns([(" x1    x2", " h1    h2", " answer", " target"), *rows])), end="\n\n")

    problem, iris = learn("iris")
    said, true = problem.predict(problem.held_out_inputs).argmax(axis=1), problem.held_out_targets.argmax(axis=1)
    print("Those never seen, by species (rows) and by answer (columns):\n")
    print(np.array([[np.sum((true == t) & (said == s)) for s in range(3)] for t in range(3)]), end="\n\n")

    problem, digits = learn("digits")
    p = np.exp(problem.predict(problem.held_out_inputs))
    p /= p.sum(axis=1, keepdims=True)  # softmax: how sure it is
    said, true = p.argmax(axis=1), problem.held_out_targets.argmax(axis=1)
    wrong = np.flatnonzero(said != true)[:4]
    print("Some of those that it gets wrong, and how sure it is:\n")
    print("   ".join(f"a {true[k]}: it says {said[k]}, {p[k].max():.0%}".ljust(22) for k in wrong).rstrip())
    for line in range(8):
        pixels = [problem.held_out_inputs[k].reshape(8, 8)[line] for k in wrong]
        print("   ".join("".join(2 * " ░▒▓█"[int(4.99 * ink)] for ink in row).ljust(22) for row in pixels).rstrip())
    return {"xor": xor, "iris": iris, "digits": digits}


if __name__ == "__main__":
    main()
