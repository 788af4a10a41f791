"""Which box of a picture each value stands in: read off the network, so that nothing need be kept on the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from microbp.engine import Value
from microbp.nn import ACTIVATIONS, MLP


@dataclass
class Box:
    """A labelled frame, with the DOT lines of what stands in it."""

    title: str
    kind: str = ""
    """One of inputs, layer, neuron and loss; nothing for the whole picture."""
    lines: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def inner(self, kind: str, title: str) -> Box:
        """A new box in this one."""
        self.boxes.append(Box(title, kind))
        return self.boxes[-1]


def group(graph: Sequence[Value], model: MLP | None) -> tuple[Box, dict[Value, Box]]:
    """The whole picture, and the box of each value: its neuron's, its layer's (a shared bias), inputs or loss."""
    top = Box("")
    if model is None:
        return top, dict.fromkeys(graph, top)
    inputs = top.inner("inputs", "inputs")
    boxes: dict[Value, Box] = {}
    for layer in model.layers:
        around = top.inner("layer", layer.name)
        for neuron in layer.neurons:
            inside = around.inner("neuron", neuron.name)
            boxes |= dict.fromkeys(neuron.w, inside)
            shared = any(other.b is neuron.b for other in layer.neurons if other is not neuron)
            boxes[neuron.b] = around if shared else inside
    loss = top.inner("loss", "loss")
    weights = set(boxes)
    for node in graph:
        if node in boxes:
            continue
        if node.op is None:
            boxes[node] = inputs
        elif _is_net(node, weights) or (node.op.name in ACTIVATIONS and _is_net(node.inputs[0], weights)):
            boxes[node] = boxes[node.inputs[0]]
        else:
            boxes[node] = loss
    return top, boxes


def _is_net(node: Value, weights: set[Value]) -> bool:
    return node.op is not None and node.op.family == "affine" and node.inputs[0] in weights
