"""The command `microbp demo`: the main job on the w1–w8 network.

Forward, backward, the update, the comparison, the published totals, and the picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from microbp.diagnosis.compare import compare
from microbp.drawing import draw
from microbp.errors import RendererError
from microbp.printing import columns, printable, say, word
from microbp.problems import NetworkProblem, as_network, load
from microbp.problems.settings import Update
from microbp.stepping.names import expression, name_graph
from microbp.terminal.output import put
from microbp.training.train import train


class TrainingRun(NamedTuple):
    """One way to train the network, and what is said of it."""

    steps: int
    update: Update
    train_biases: bool
    shared_bias: bool
    words: str


_RUNS = (
    TrainingRun(1, "simultaneous", False, True, "every gradient from the old weights, biases left alone: correct"),
    TrainingRun(
        1, "output-first", False, True, "output weights changed before the hidden deltas: a slip, quoted as 0.291027924"
    ),
    TrainingRun(1, "simultaneous", True, True, "biases trained too, one for each layer"),
    TrainingRun(1, "simultaneous", True, False, "biases trained too, one for each neuron"),
    TrainingRun(10_000, "simultaneous", False, True, "correct; 0.0000351085, quoted as well, is after 9,999 steps"),
    TrainingRun(10_000, "output-first", False, True, "the slip, quoted as 0.000035085"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "-o", "--output", default="w1-w8.svg", metavar="FILE", help="where the picture goes (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Prints all of it and draws the picture, if it can be drawn. Exit code: 1 if the comparison finds a difference."""
    problem = as_network(load("w1-w8"))
    numbers = demo(problem)
    root = problem.root()
    root.backward()
    try:
        draw(root, options.output, model=problem.model)
        numbers["picture"], said = options.output, say("Picture: {file}", file=printable(options.output))
    except RendererError as error:
        numbers["picture"], said = None, say("No picture: {error}", error=error)
    comparison = numbers["comparison"]
    put(options, numbers | {"comparison": comparison.as_dict()}, "\n".join([*demo_text(numbers), "", said]))
    return 0 if comparison.ok else 1


def demo(problem: NetworkProblem) -> dict[str, Any]:
    """Every number of the main job on that problem, for `demo_text`, or for JSON with the comparison as a dict."""
    root = problem.root()
    root.backward()
    graph = root.graph()
    names = name_graph(graph)
    forward = {
        names[node].text(): {"formula": expression(node, names).text(), "value": node.data}
        for node in graph
        if node.op is not None and node.label
    }
    gradients = {leaf.label: leaf.grad for leaf in problem.trained()}
    before = {leaf.label: leaf.data for leaf in problem.trained()}
    comparison = compare(problem)
    results = [
        train(
            replace(problem, train_biases=run.train_biases, shared_bias=run.shared_bias), run.steps, update=run.update
        )
        for run in _RUNS
    ]
    return {
        "title": problem.title,
        "forward": forward,
        "learning_rate": problem.training.learning_rate,
        "before": before,
        "gradients": gradients,
        "after": {name: results[0].parameters[name] for name in before},
        "comparison": comparison,
        "totals": [
            run._asdict() | {"loss": result.loss, "outputs": result.outputs}
            for run, result in zip(_RUNS, results, strict=True)
        ],
    }


def demo_text(numbers: dict[str, Any]) -> Iterator[str]:
    """The same as lines of text."""
    yield word(numbers["title"])
    yield "\n" + say("Forward")
    yield from columns(
        [(f"  {name}", f"= {f['formula']}", f"= {f['value']:.9f}") for name, f in numbers["forward"].items()]
    )
    yield "\n" + say("Backward, and one step: {update}", update=f"w ← w − {numbers['learning_rate']}·∂E/∂w")
    yield from columns(
        [
            ("  " + say("weight"), say("value"), say("∂E/∂weight"), say("new value")),
            *(
                (f"  {w}", f"{numbers['before'][w]:.2f}", f"{g:+.9f}", f"{numbers['after'][w]:.9f}")
                for w, g in numbers["gradients"].items()
            ),
        ]
    )
    yield "\n" + say("Check")
    yield from (f"  {line}" for line in str(numbers["comparison"]).splitlines())
    yield "\n" + say("The published totals, and which rule gives them")
    yield from columns([_total_row(total) for total in numbers["totals"]])


def _total_row(total: dict[str, Any]) -> tuple[str, str, str, str]:
    steps = total["steps"]
    return (
        "  " + (say("after 1 step") if steps == 1 else say("after {count:,} steps", count=steps)),
        f"E = {total['loss']:.{9 if steps == 1 else 10}f}",
        say("outputs {numbers}", numbers=", ".join(f"{o:.10f}" for o in total["outputs"][0])),
        word(total["words"]),
    )
