"""Which box of a picture each value stands in: read off the network, so that nothing need be kept on the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from microbp.drawing.palette import THEMES
from microbp.drawing.style import Style
from microbp.engine import Constant, Value
from microbp.errors import UnknownNameError, nearest
from microbp.nn import ACTIVATIONS, MLP, Parameter
from microbp.nn.places import layers_of
from microbp.printing import say, word


@dataclass(eq=False)
class Box:
    """A labelled frame, with the DOT lines of what stands in it."""

    title: str
    kind: str = ""
    """One of inputs, layer, neuron, loss, array and leaves; nothing for the whole picture."""
    lines: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    parts: dict[str, list[Value]] = field(default_factory=dict)
    """What it consists of, by the letter that texts use: weights w, biases b, nets z, activations a, inputs x."""
    about: str = ""
    """How it was made, if that stands in code."""
    shape: tuple[int, ...] | None = None
    """The shape of its one part, if it is that of an array."""

    def inner(self, kind: str, title: str) -> Box:
        """A new box in this one."""
        self.boxes.append(Box(title, kind))
        return self.boxes[-1]

    def walk(self) -> Iterator[Box]:
        """The box and all boxes in it."""
        yield self
        for box in self.boxes:
            yield from box.walk()


def group(
    graph: Sequence[Value], model: MLP | None, arrays: Mapping[str, Any] | None = None
) -> tuple[Box, dict[Value, Box]]:
    """The whole picture, and the box of each value: its neuron's, its layer's (a shared bias), inputs or loss; or that
    of the array that it belongs to or leads to first, of `arrays` as a trace names them."""
    top = Box("")
    if arrays is not None:
        return top, _by_array(top, graph, arrays)
    if model is None:
        return top, dict.fromkeys(graph, top)
    inputs = top.inner("inputs", say("inputs"))
    boxes: dict[Value, Box] = {}
    neurons: dict[tuple[int, int], Box] = {}
    for l, layer in enumerate(model.layers):
        around = top.inner("layer", word(layer.name))
        for j, neuron in enumerate(layer.neurons):
            inside = neurons[l, j] = around.inner("neuron", word(neuron.name))
            boxes |= dict.fromkeys(neuron.w, inside)
            inside.parts["w"] = neuron.w
            shared = any(other.b is neuron.b for other in layer.neurons if other is not neuron)
            boxes[neuron.b] = around if shared else inside
            boxes[neuron.b].parts["b"] = [neuron.b]
    for node, place in layers_of(model, graph).items():
        boxes[node] = neurons[place]
        part = "a" if node.op is not None and node.op.name in ACTIVATIONS else "z"
        boxes[node].parts.setdefault(part, []).append(node)
    loss = top.inner("loss", say("loss"))
    for node in graph:
        box = boxes.setdefault(node, inputs if node.op is None else loss)
        if box is inputs and not isinstance(node, Constant):
            box.parts.setdefault("x", []).append(node)
    for node in graph:
        boxes |= {x: boxes[node] for x in node.inputs if isinstance(x, Constant)}
    if graph and boxes[graph[-1]] is loss:
        loss.parts[""] = [graph[-1]]
    return top, boxes


def _by_array(top: Box, graph: Sequence[Value], arrays: Mapping[str, Any]) -> dict[Value, Box]:
    boxes: dict[Value, Box] = {}
    for name, array in arrays.items():
        box = top.inner("leaves" if array.is_leaf else "array", name)
        box.about, box.shape = array.code, array.shape
        box.parts[""] = [node for node in array.nodes.ravel().tolist() if node not in boxes]
        boxes |= dict.fromkeys(box.parts[""], box)
    order = {box: k for k, box in enumerate(top.boxes)}
    loss = top.inner("loss", say("loss"))
    loss.parts[""] = [graph[-1]]
    boxes.setdefault(graph[-1], loss)
    order[loss] = len(order)
    first: dict[Value, Box] = {}
    for node in reversed(graph):
        box = boxes.setdefault(node, first.get(node, loss))
        for x in node.inputs:
            if x not in first or order[box] < order[first[x]]:
                first[x] = box
    return boxes


def rename(top: Box, style: Style) -> None:
    """Gives boxes the names that a style has for them. Raises `UnknownNameError` for a name that nothing has."""
    boxes = [box for box in top.walk() if box.title]
    known = {name for box in boxes for name in (box.title, box.title.partition(" ")[0])}
    known |= {look.name for look in THEMES[style.theme].kinds.values()}
    for name in style.names:
        if name not in known:
            raise UnknownNameError(nearest("box or kind", name, known))
    for box in boxes:
        box.title = style.called(box.title)


def kind_of(node: Value, box: Box) -> str:
    """Which kind of card a value in that box has: a key of `Theme.kinds`."""
    if node.op is None:
        if isinstance(node, Constant):
            return "constant"
        return "parameter" if isinstance(node, Parameter) or box.kind in ("layer", "neuron") else "input"
    if box.kind == "loss":
        return "loss"
    return "activation" if node.op.name in ACTIVATIONS else "operation"
