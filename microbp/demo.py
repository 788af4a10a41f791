"""The main job on the w1–w8 network: forward, backward, the update, the comparison, the published totals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from microbp.comparison import compare
from microbp.naming import expression, name_graph
from microbp.problems import NetworkProblem, as_network, load
from microbp.tabular import columns
from microbp.training import train

_RULES = {
    "simultaneous": "every gradient from the old weights: correct",
    "output-first": "output weights changed before the hidden deltas: a slip",
}
_QUOTED = {(1, "output-first"): "0.291027924", (10_000, "output-first"): "0.000035085"}
_QUOTED_AFTER_9_999 = "0.0000351085, quoted as well, is the correct rule after 9,999 steps."


def _problem() -> NetworkProblem:
    return as_network(load("w1-w8"))


def demo() -> dict[str, Any]:
    """Every number of the main job, for JSON and for `report`."""
    problem = _problem()
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
    comparison = compare(problem.model, problem.inputs, problem.targets, loss=problem.loss, l2=problem.l2)
    after = {
        (steps, update): train(_problem(), steps, update=update)
        for steps in (1, 10_000)
        for update in ("simultaneous", "output-first")
    }
    return {
        "title": problem.title,
        "forward": forward,
        "learning_rate": problem.training.learning_rate,
        "before": before,
        "gradients": gradients,
        "after": {name: after[1, "simultaneous"].parameters[name] for name in before},
        "comparison": comparison.as_dict(),
        "comparison_table": str(comparison),
        "totals": [
            {"steps": steps, "update": update, "loss": result.loss, "outputs": result.outputs}
            for (steps, update), result in after.items()
        ],
    }


def report(numbers: dict[str, Any]) -> Iterator[str]:
    """The same as lines of text."""
    yield numbers["title"]
    yield "\nForward"
    yield from columns(
        [(f"  {name}", f"= {f['formula']}", f"= {f['value']:.9f}") for name, f in numbers["forward"].items()]
    )
    yield f"\nBackward, and one step: w ← w − {numbers['learning_rate']}·∂E/∂w"
    yield from columns(
        [
            ("  weight", "value", "∂E/∂weight", "new value"),
            *(
                (f"  {w}", f"{numbers['before'][w]:.2f}", f"{g:+.9f}", f"{numbers['after'][w]:.9f}")
                for w, g in numbers["gradients"].items()
            ),
        ]
    )
    yield "\nCheck"
    yield from (f"  {line}" for line in numbers["comparison_table"].splitlines())
    yield "\nThe published totals, and which rule gives them"
    yield from columns([_total_row(total) for total in numbers["totals"]])
    yield f"  {_QUOTED_AFTER_9_999}"


def _total_row(total: dict[str, Any]) -> tuple[str, str, str, str]:
    steps, update = total["steps"], total["update"]
    quoted = _QUOTED.get((steps, update))
    return (
        f"  after {steps:,} step{'s' if steps > 1 else ''}",
        f"E = {total['loss']:.{9 if steps == 1 else 10}f}",
        "outputs " + ", ".join(f"{o:.10f}" for o in total["outputs"][0]),
        _RULES[update] + (f", often quoted as {quoted}" if quoted else ""),
    )
