"""What the steps of a layer come to, in matrix form: read off the graph, number by number.

>>> from microbp import load
>>> from microbp.stepping.stepper import Stepper
>>> problem = load("w1-w8")
>>> stepper = Stepper(problem.root(), detail="layer", model=problem.model)
>>> _ = stepper.next(), stepper.next()
>>> print(layer_text(stepper, problem.model, 1))
output layer: δ2 is ∂E/∂z2, a row for each sample; δ2 = ∂E/∂a2 ⊙ f′(z2)
        ∂E/∂a2 = [  0.741365070  −0.217071535 ]
        f′(z2) = [ 0.186815602  0.175510053 ]
            δ2 = [  0.138498562  −0.038098237 ]
            a1 = [ 0.593269992  0.596884378 ]
  dW2 = δ2ᵀ a1 = [  0.082167041   0.082667628 ]
                 [ −0.022602540  −0.022740242 ]
    db2 = Σ δ2 = [  0.138498562  −0.038098237 ]
b2 is shared by the layer: its gradient is the sum of db2, 0.100400325.
"""

from __future__ import annotations

from collections.abc import Sequence

from microbp.engine import Value
from microbp.nn import MLP
from microbp.nn.places import layers_of
from microbp.printing import decimals, matrix_lines, say, word
from microbp.stepping.sentences import root_name
from microbp.stepping.stepper import Stepper


def nets(stepper: Stepper, model: MLP, l: int) -> list[list[Value]]:
    """The nets of a layer: for each neuron one for each sample, as they come in the graph."""
    rows: list[list[Value]] = [[] for _ in model.layers[l].neurons]
    for node, (layer, neuron) in layers_of(model, stepper.graph).items():
        if layer == l and node.op is not None and node.op.family == "affine":
            rows[neuron].append(node)
    return rows


def layer_text(stepper: Stepper, model: MLP, l: int, width: int = 98) -> str:
    """What happened to layer l (from 0): the factors of its δ, and the gradients that it makes."""
    layer, n, found = model.layers[l], l + 1, nets(stepper, model, l)
    samples = list(zip(*found, strict=True))
    db = [sum(stepper.grad(net) or 0.0 for net in column) for column in found]
    how, factors = _delta(stepper, model, l, samples)
    told = f"δ{n} = {how}" if how else say("the loss is computed from these nets")
    matrices: dict[str, Sequence[Sequence[float | None]]] = {
        **factors,
        f"δ{n}": [[stepper.grad(net) for net in sample] for sample in samples],
        f"a{l}": [[x.data for x in sample[0].inputs[1::2]] for sample in samples],
        f"dW{n} = δ{n}ᵀ a{l}": [[stepper.grad(w) for w in neuron.w] for neuron in layer.neurons],
        f"db{n} = Σ δ{n}": [db],
    }
    widest = max(map(len, matrices))
    lines = [
        say(
            "{layer}: {delta} is {derivative}, a row for each sample; {how}",
            **{"layer": word(layer.name), "delta": f"δ{n}", "derivative": f"∂{root_name(stepper)}/∂z{n}", "how": told},
        ),
        *(f"  {line}" for name, rows in matrices.items() for line in matrix_lines(name.rjust(widest), rows, width - 2)),
    ]
    biases = {neuron.b for neuron in layer.neurons}
    if len(biases) < len(layer.neurons):
        b = biases.pop()
        grad = stepper.grad(b)
        total = "?" if grad is None else decimals(grad)
        name = stepper.names[b].text()
        lines.append(
            say(
                "{name} is shared by the layer: its gradient is the sum of {parts}, {total}.",
                **{"name": name, "parts": f"db{n}", "total": total},
            )
        )
    return "\n".join(lines)


def _delta(
    stepper: Stepper, model: MLP, l: int, samples: Sequence[Sequence[Value]]
) -> tuple[str, dict[str, Sequence[Sequence[float | None]]]]:
    """How the δ of a layer is made, if not by the loss itself, and the matrices that it is made of."""
    n, factors = l + 1, dict[str, Sequence[Sequence[float | None]]]()
    made: dict[Value, Value] = {}
    places = {(place, stepper.samples.get(node)): node for node, place in layers_of(model, stepper.graph).items()}
    for j, column in enumerate(nets(stepper, model, l)):  # an activation comes after its net
        made |= {net: out for net in column if (out := places[(l, j), stepper.samples.get(net)]) is not net}
    if l < len(model.layers) - 1:
        above = zip(*nets(stepper, model, l + 1), strict=True)
        how = f"δ{n + 1} W{n + 1}"
        factors[f"δ{n + 1}"] = [[stepper.grad(net) for net in sample] for sample in above]
        factors[f"W{n + 1}"] = [[w.data for w in neuron.w] for neuron in model.layers[n].neurons]
    elif samples[0][0] in made:
        how = f"∂{root_name(stepper)}/∂a{n}"
        factors[how] = [[stepper.grad(made[net]) for net in sample] for sample in samples]
    else:
        return "", factors
    if model.layers[l].neurons[0].activation == "softmax":
        factors[f"a{n}"] = [[out.data for out in map(made.__getitem__, sample)] for sample in samples]
        sums = say("the row sums of {product}", product=f"{how} ⊙ a{n}")
        return f"a{n} ⊙ ({how} − {sums})", factors
    if samples[0][0] not in made:
        return how, factors
    factors[f"f′(z{n})"] = [[stepper.arrivals(net)[0].local for net in sample] for sample in samples]
    return f"({how}) ⊙ f′(z{n})" if " " in how else f"{how} ⊙ f′(z{n})", factors
