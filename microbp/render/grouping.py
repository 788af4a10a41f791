"""Which box of a picture each value stands in: read off the network, so that nothing need be kept on the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from microbp.engine import Value
from microbp.nn import MLP
from microbp.places import layers_of


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
    neurons: dict[tuple[int, int], Box] = {}
    for l, layer in enumerate(model.layers):
        around = top.inner("layer", layer.name)
        for j, neuron in enumerate(layer.neurons):
            inside = neurons[l, j] = around.inner("neuron", neuron.name)
            boxes |= dict.fromkeys(neuron.w, inside)
            shared = any(other.b is neuron.b for other in layer.neurons if other is not neuron)
            boxes[neuron.b] = around if shared else inside
    boxes |= {node: neurons[place] for node, place in layers_of(model, graph).items()}
    loss = top.inner("loss", "loss")
    for node in graph:
        boxes.setdefault(node, inputs if node.op is None else loss)
    return top, boxes
