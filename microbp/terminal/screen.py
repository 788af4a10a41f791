"""What the debugger shows of a pass, in a terminal: where one is, what was done, what is known.

Nothing that it shows lies ahead of the cursor: a gradient is "?" until something has arrived.

>>> from microbp import load
>>> from microbp.stepping.stepper import Stepper
>>> stepper = Stepper(load("w1-w8").root())
>>> screen = Screen(stepper)
>>> step = stepper.goto(7)
>>> print(screen.chain(way(stepper, step.node) + [step.input]))
E ◀─ E_o1 ◀─ … ◀─ out_o1 ◀─ net_o1 ◀━━ w5
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from microbp.derivation.matrices import layer_text
from microbp.engine import Value
from microbp.nn import MLP
from microbp.nn.places import layers_of
from microbp.printing import breadth, columns, decimals, filled, printable, room, say, word
from microbp.stepping.names import expression
from microbp.stepping.sentences import arrival, given, local_reason
from microbp.stepping.step import Step, chain_rule, product_text, question
from microbp.stepping.stepper import Stepper

WIDTH = 98
"""The most characters of a line that can be broken."""
MANY = 12
"""As many steps, contributions or neurons are shown one by one."""

COLOURS = {"current": "1;38;5;208", "contribution": "38;5;170", "upstream": "38;5;39", "local": "38;5;36"}
"""The same quantity has the same colour everywhere."""


def width() -> int:
    """How long a line may be: as the terminal is wide, if there is one, and not more than can be read."""
    return room(WIDTH)


def in_lines(text: str) -> str:
    """Text in lines of bearable length, indented."""
    wide = width()
    return "\n".join("\n".join(filled(f"  {line}", wide, indent=4)) for line in text.split("\n"))


def way(stepper: Stepper, value: Value) -> list[Value]:
    """One way from the root to a value: that of the first contribution to each."""
    found = [value]
    while arrivals := stepper.arrivals(found[-1]):
        found.append(arrivals[0].node)
    return found[::-1]


class Screen:
    """The texts of one pass. Labels are taken to be printable."""

    def __init__(
        self, stepper: Stepper, model: MLP | None = None, *, by_layer: bool = False, colour: bool = False
    ) -> None:
        self.stepper = stepper
        self.model = model
        self.by_layer = by_layer
        self.colour = colour
        self.places = layers_of(model, stepper.graph) if model else {}
        self.last = {self.places[step.node]: step.number for step in stepper if step.node in self.places}

    def paint(self, quantity: str, text: str) -> str:
        """The text in the colour of the quantity."""
        return f"\x1b[{COLOURS[quantity]}m{text}\x1b[0m" if self.colour else text

    def name(self, value: Value) -> str:
        """What to call a value."""
        return self.stepper.names[value].text()

    def step(self, step: Step) -> str:
        """One step, all about it."""
        assert step.node.op is not None
        rule = [in_lines(step.rule)] if step.rule else []
        title = self.paint("current", say("step {number} of {count}", number=step.number, count=len(self.stepper)))
        return "\n".join([title, self.formula(step), in_lines(local_reason(step)), *rule, in_lines(arrival(step))])

    def steps(self, made: Sequence[Step], most: int = MANY) -> str:
        """Several steps made at once: those of a layer as matrices, others one by one."""
        if len(made) == 1:
            return self.step(made[0])
        first, last, count = made[0].number, made[-1].number, len(self.stepper)
        said = say("steps {first} to {last} of {count}", first=first, last=last, count=count)
        lines = [self.paint("current", said)]
        if self.model and self.by_layer and made[-1].node in self.places:
            text = layer_text(self.stepper, self.model, self.places[made[-1].node][0], width() - 2)
            return "\n".join([*lines, *(f"  {s}" if " [ " in s else in_lines(s) for s in text.split("\n"))])
        for step in made[:most]:
            lines += [self.formula(step)] if step.first else [self.formula(step), in_lines(f"  {arrival(step)}")]
        if len(made) > most:
            lines.append("  " + say("… and {count} more: p shows them", count=len(made) - most))
        return "\n".join(lines)

    def question(self, step: Step) -> str:
        """A step to come, without a number of it."""
        asked = say("step {number} of {count}: what is the contribution?", number=step.number, count=len(self.stepper))
        title = self.paint("current", asked)
        return "\n".join([title, self._broken(question(step), question(step, self.paint)), in_lines(given(step))])

    def formula(self, step: Step) -> str:
        """The chain rule of a step, in colours, in two or three lines if it is long."""
        return self._broken(chain_rule(step), chain_rule(step, self.paint))

    def _broken(self, plain: str, painted: str) -> str:
        if breadth(plain) + 2 <= width():
            return f"  {painted}"
        return "  " + painted.replace(" += ", "\n    += ").replace(" = ", "\n    = ", 1)

    def picture(self, values: Sequence[Value], focus: int, arrow: int, node: Value | None) -> str:
        """Where one is: the chain from the root down, and a line for each layer of the network."""
        chain = self.chain(values, focus, arrow)
        return "\n".join(f"  {line}" for line in [chain, *self.neurons(node)])

    def chain(self, values: Sequence[Value], focus: int = -1, arrow: int = -1) -> str:
        """The values from the root to the current input; the arrow that is just being gone along is heavy.

        Values without a label are left out, except next to the arrow and the focus, and some in the middle of a long
        chain. A focus that is not the current input stands in brackets.
        """
        focus, arrow = focus % len(values), arrow % len(values)
        kept = [k for k, v in enumerate(values) if v.label or k in (0, focus, arrow - 1, arrow, len(values) - 1)]
        while breadth(self._chain(values, kept, focus, arrow)) + 2 > width():
            free = [k for k in kept if k not in (0, focus, arrow - 1, arrow)]
            if not free:
                break
            kept.remove(free[len(free) // 2])
        return self._chain(values, kept, focus, arrow, self.paint("current", "◀━━"))

    def _chain(self, values: Sequence[Value], kept: list[int], focus: int, arrow: int, heavy: str = "◀━━") -> str:
        pieces = []
        for before, k in zip([-1, *kept], kept, strict=False):
            if before < k - 1:
                pieces += ["…", "◀─"]
            name = self.name(values[k])
            pieces += [f"[{name}]" if k == focus != arrow else name]
            pieces += [heavy if k == arrow - 1 else "◀─"]
        return " ".join(pieces[:-1])

    def neurons(self, node: Value | None) -> list[str]:
        """A line for each layer: which neurons are done (●), which is being passed through (◉), which wait (○)."""
        rows = []
        current = self.places.get(node) if node is not None else None
        for l, layer in enumerate(self.model.layers if self.model else ()):
            marks = []
            for j, neuron in enumerate(layer.neurons):
                done = self.last.get((l, j), 0) <= self.stepper.position
                mark = "●" if done else "○"
                if current == (l, j):
                    mark = self.paint("current", "◉")
                name = printable(neuron.name.removeprefix("neuron "))
                marks.append(f"{mark} {name}" if len(layer.neurons) <= MANY else mark)
            shown = "  ".join(marks) if len(marks) <= MANY else " ".join(marks[: WIDTH // 3])
            more = " " + say("… {count} neurons", count=len(marks)) if len(marks) > WIDTH // 3 else ""
            rows.append((printable(word(layer.name)), f"{shown}{more}"))
        return columns(rows)

    def value(self, value: Value) -> str:
        """A value: how it is made, its data, its grad so far, and what has arrived at it or will."""
        name, data = self.name(value), decimals(value.data)
        if value.op is None:
            lines = [say("{name} = {value}, a leaf", name=name, value=data)]
        else:
            made = expression(value, self.stepper.names).text()
            lines = [f"{name} = {data}" if made == name else f"{name} = {made} = {data}"]
        arrivals, position = self.stepper.arrivals(value), self.stepper.position
        arrived = sum(step.number <= position for step in arrivals)
        grad = self.stepper.grad(value)
        known = "?" if grad is None else self.paint("upstream", decimals(grad))
        count = say(" ({arrived} of {count} contributions)", arrived=arrived, count=len(arrivals)) if arrivals else ""
        lines.append(say("grad so far: {gradient}", gradient=f"{known}{count}"))
        for step in arrivals[:MANY]:
            what = product_text(step, self.paint) if step.number <= position else say("to come")
            said = say("step {number}, from {name}: {what}", number=step.number, name=step.node_name, what=what)
            lines.append(f"  {said}")
        if len(arrivals) > MANY:
            lines.append("  " + say("… of {count}", count=len(arrivals)))
        return "\n".join(f"  {line}" for line in lines)

    def list(self, around: int = 5) -> str:
        """The steps around the cursor; those to come without their numbers."""
        here, digits = self.stepper.position, len(str(len(self.stepper)))
        rows = []
        for step in self.stepper[max(0, here - around - 1) : here + around]:
            number = "?" if step.number > here else decimals(step.contribution)
            mark = "→" if step.number == here else ""
            rows.append((mark, f"{step.number:>{digits}}", step.node_name, step.input_name, number))
        head = ("", say("step"), say("passed back by"), say("to"), say("contribution"))
        marked = [f"  {line}" for line in columns([head, *rows])]
        return "\n".join(self.paint("current", line) if "→" in line[:4] else line for line in marked)

    def whole_pass(self, leaves: Sequence[Value]) -> Iterator[str]:
        """All steps, as many at once as the cursor makes at once, and the gradients of the leaves."""
        self.stepper.goto(0)
        while (start := self.stepper.position) < len(self.stepper):
            self.stepper.next()
            made = self.stepper.shown_between(start, self.stepper.position)
            if made:
                yield self.steps(made, len(made)) + "\n"
        yield self.gradients(leaves)

    def gradients(self, leaves: Sequence[Value]) -> str:
        """The gradients of the leaves, in columns."""
        names = self.stepper.names
        grads = ((names[leaf].text() if leaf in names else leaf.label, self.stepper.grad(leaf)) for leaf in leaves)
        rows = [(printable(name), "0" if grad is None else decimals(grad)) for name, grad in grads]
        return "\n".join(f"  {line}" for line in columns([(say("leaf"), say("gradient")), *rows]))
