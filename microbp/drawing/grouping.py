"""Which box of a picture each value stands in: read off the network, so that nothing need be kept on the graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from microbp.engine import Constant, Value
from microbp.nn import ACTIVATIONS, MLP, Parameter
from microbp.nn.places import layers_of


@dataclass(eq=False)
class Box:
    """A labelled frame, with the DOT lines of what stands in it."""

    title: str
    kind: str = ""
    """One of inputs, layer, neuron and loss; nothing for the whole picture."""
    lines: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    parts: dict[str, list[Value]] = field(default_factory=dict)
    """What it consists of, by the letter that texts use: weights w, biases b, nets z, activations a, inputs x."""

    def inner(self, kind: str, title: str) -> Box:
        """A new box in this one."""
        self.boxes.append(Box(title, kind))
        return self.boxes[-1]

    def walk(self) -> Iterator[Box]:
        """The box and all boxes in it."""
        yield self
        for box in self.boxes:
            yield from box.walk()


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
            inside.parts["w"] = neuron.w
            shared = any(other.b is neuron.b for other in layer.neurons if other is not neuron)
            boxes[neuron.b] = around if shared else inside
            boxes[neuron.b].parts["b"] = [neuron.b]
    for node, place in layers_of(model, graph).items():
        boxes[node] = neurons[place]
        part = "a" if node.op is not None and node.op.name in ACTIVATIONS else "z"
        boxes[node].parts.setdefault(part, []).append(node)
    loss = top.inner("loss", "loss")
    for node in graph:
        box = boxes.setdefault(node, inputs if node.op is None else loss)
        if box is inputs and not isinstance(node, Constant):
            box.parts.setdefault("x", []).append(node)
    for node in graph:
        boxes |= {x: boxes[node] for x in node.inputs if isinstance(x, Constant)}
    if graph and boxes[graph[-1]] is loss:
        loss.parts[""] = [graph[-1]]
    return top, boxes


def kind_of(node: Value, box: Box) -> str:
    """Which kind of card a value in that box has: a key of `Theme.kinds`."""
    if node.op is None:
        if isinstance(node, Constant):
            return "constant"
        return "parameter" if isinstance(node, Parameter) or box.kind in ("layer", "neuron") else "input"
    if box.kind == "loss":
        return "loss"
    return "activation" if node.op.name in ACTIVATIONS else "operation"
