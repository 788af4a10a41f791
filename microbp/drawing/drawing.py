"""`draw`: from a value, or a network, to a picture of it.

>>> from microbp import load
>>> problem = load("w1-w8")
>>> drawing = draw(problem.root(), model=problem.model, step=16)
>>> drawing.level.name, drawing.lines[14]
('op', 'net_o1 = w5·out_h1 + w6·out_h2 + b2 = 1.106, grad 0.1385')
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from microbp.drawing.dot import Dot
from microbp.drawing.framing.fitting import best
from microbp.drawing.framing.glyphs import missing
from microbp.drawing.framing.result import Drawing
from microbp.drawing.framing.sizes import Size
from microbp.drawing.image import TIMEOUT
from microbp.drawing.levels import BY_SAMPLE, MAX_NODES, READABLE, Level, LevelName, check_level, choose_level, refuse
from microbp.drawing.moment import AtStep, Static
from microbp.drawing.network.figure import NetworkFigure
from microbp.drawing.network.network import Network, no_use
from microbp.drawing.scene import Scene
from microbp.drawing.style import Style, StyleOptions, ThemeName
from microbp.drawing.subgraph import Selector, find_value, one_sample, select
from microbp.engine import Constant, Value
from microbp.engine.node import root_of
from microbp.errors import DrawingWarning, GraphError, UnknownNameError, nearest
from microbp.nn import MLP
from microbp.nn.arrays import LeafPlaces
from microbp.printing import check_place, say, write_file

MOST_BOXES = 20
"""So many characters without a glyph are named."""
FORMATS = ("dot", "svg", "png", "jpg", "pdf")


class PictureOptions(StyleOptions, total=False):
    """What `draw` takes besides a file, as options of a function."""

    model: MLP | None
    level: LevelName | None
    sample: int | None
    only: Selector | None
    around: str | None
    depth: int | None
    max_nodes: int
    timeout: float


@dataclass(frozen=True)
class Plan:
    """What is drawn of a graph at a level, the same at any moment."""

    paint: Callable[[Static], Dot | NetworkFigure]
    """Its DOT text at a moment."""
    level: Level
    timeout: float
    hidden: Collection[Value] = frozenset()
    """The values of the samples that are not shown."""
    theme: ThemeName | None = None
    """The theme that was asked for, if one was."""

    @classmethod
    def of(
        cls,
        root: Any,
        *,
        model: MLP | None = None,
        level: LevelName | None = None,
        sample: int | None = None,
        only: Selector | None = None,
        around: str | None = None,
        depth: int | None = None,
        max_nodes: int = MAX_NODES,
        timeout: float = TIMEOUT,
        **style: Unpack[StyleOptions],
    ) -> Plan:
        """The plan for these options of `draw`, which raises the same."""
        look, theme = Style.of(**style), style.get("theme")
        arrays, root = (root if isinstance(root, Mapping) else None), root_of(root)
        graph = root.graph()
        kept = select(graph, only=only, around=around, depth=depth)
        if level is not None:
            check_level(level, model, arrays)
        every = model is None or len(kept) < len(graph) or level not in (None, *BY_SAMPLE)
        one, note = one_sample(graph, kept, sample, every)
        values = _count(one)
        chosen = Level(level, say("as asked")) if level else choose_level(values, model, arrays)
        if sample is None and chosen.name not in BY_SAMPLE:  # cards of many values hold those of all samples
            one, note = kept, ""
            values = _count(one)
        hidden = set(kept).difference(one)
        kept = one
        refuse(chosen.name, values, model, arrays, max_nodes)
        if chosen.name == "network":
            no_use(look)
        if look.fold is None:
            look = replace(look, fold=model is not None or arrays is not None or values > READABLE["values"])
        if (known := _count(graph) - _count(hidden)) != values:
            note = f"{note}   {values:,} of {known:,} nodes".strip()
        if chosen.name == "network" and model is not None:
            network = Network(root, kept, model, look, hidden)
            return cls(lambda moment: NetworkFigure(network, moment, note), chosen, timeout, hidden, theme)
        scene = Scene(graph, kept, model, chosen.name, look, arrays)
        return cls(lambda moment: Dot(scene, moment, root, note), chosen, timeout, hidden, theme)

    def at(self, moment: Static) -> Drawing:
        """The drawing of a moment."""
        return Drawing.of(self.paint(moment), self.level, self.timeout, self.theme)


def draw(
    root: Value | MLP,
    path: str | Path | None = None,
    *,
    model: MLP | None = None,
    step: int | None = None,
    wrong: Mapping[str, float] | None = None,
    level: LevelName | None = None,
    sample: int | None = None,
    only: Selector | None = None,
    around: str | None = None,
    depth: int | None = None,
    max_nodes: int = MAX_NODES,
    dpi: int = 144,
    timeout: float = TIMEOUT,
    width: str | None = None,
    **style: Unpack[StyleOptions],
) -> Drawing:
    """Draws the graph of a value, and writes it to `path` (.svg, .png, .jpg, .pdf or .dot) if one is given.

    A trace has a card for each of its arrays, or with `level="op"` for each operation.
    With `model`, its layers and neurons are boxes, and `level` may be "op", "neuron", "network" (circles, each weight
    on its edge) or "layer" instead of the finest that can be read; a network alone is drawn at layer level. Of several
    samples one is drawn at the levels op and network, the first or `sample=3`, and 0 for all. `step=12` draws that
    moment of the backward pass. `only=paths_to("w1")`, `around="net_h1"` and `depth=3` draw a part.
    `width="16cm"`, or the name of a medium ("paper", "slide", "screen", "notebook"), chooses the fullest picture whose
    text can be read at that width, in ways that were not asked for; `Drawing.fit` says how large its text is. A cell of
    a notebook shows a picture of up to 60 cards in this way, if no width is given.
    `wrong={"w5": 0.12}` marks the values of these names, whose gradients someone else got wrong, and shows both
    numbers. `style` takes the fields of `Style`: theme, direction, show, digits, heat, fold, constants, affine, widths,
    title, caption, names, transparent.

    Raises `GraphError` for more than `max_nodes` values, `UnknownNameError` for a name that does not exist, and
    `RendererError`, with the ways to get a renderer, if there is none or it takes more than `timeout` seconds; a .dot
    file needs none. Warns with `DrawingWarning` of what can hardly be read.

    >>> drawing = draw(Value(2.0, label="x") ** 2)
    >>> drawing.source.startswith("digraph")
    True
    """
    ending = "dot" if path is None else Path(path).suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise UnknownNameError(nearest("picture format", ending, FORMATS))
    if path is not None:
        check_place(path)
    if isinstance(root, MLP):
        drawing = _network(root, level, timeout, style)
    else:
        value: Value = root_of(root)
        drawn = root if isinstance(root, Mapping) else value  # a problem makes another graph each time
        given = {find_value(value.graph(), name): number for name, number in (wrong or {}).items()}
        moment = Static(value.grad != 0.0, given) if step is None else AtStep(value, step, given)
        asked = PictureOptions(
            model=model, level=level, only=only, around=around, depth=depth, max_nodes=max_nodes,
            timeout=timeout, sample=moment.sample if sample is None else sample, **style,
        )  # fmt: skip  # a line for each says no more
        weights = None if model is None else sum(len(n.w) for layer in model.layers for n in layer.neurons)

        def make(way: Mapping[str, Any]) -> Drawing:
            options: Any = {**asked, **way}
            return Plan.of(drawn, **options).at(moment)

        def fitted(width: str) -> Drawing:
            drawing, fit = best(Size.of(width), asked, weights, make)
            drawing.fit = fit
            return drawing

        def for_cell() -> Drawing:
            if len(drawing.lines) > READABLE["values"] or make({}).source != drawing.source:
                return drawing  # too large for many layouts, or its values are others by now
            return fitted("notebook")

        drawing = make({}) if width is None else fitted(width)
        drawing.for_cell = for_cell if width is None else None
    if path is not None:
        if ending not in ("dot", "svg") and (boxes := missing(drawing.source)):  # an SVG is shown with a reader's fonts
            what = (
                f"no font on this machine has {boxes[:MOST_BOXES]}: boxes stand for them; install one, or write an .svg"
            )
            warnings.warn(what, DrawingWarning, stacklevel=2)
        write_file(path, drawing.picture(ending, dpi))
    return drawing


def dot_text(root: Value | MLP, **options: Unpack[PictureOptions]) -> str:
    """The DOT text of a picture; the options are those of `draw`."""
    return str(draw(root, **options).source)


def _network(model: MLP, level: str | None, timeout: float, style: StyleOptions) -> Drawing:
    """A network without a graph: its layers, from its parameters."""
    if level not in (None, "layer"):
        check_level(level or "layer", model)
        raise GraphError(
            f"level={level!r} needs values, and a network alone has none: draw a result of it, draw(model(x), "
            f"model=model, level={level!r}), or its layers, level='layer'"
        )
    parameters = LeafPlaces(model.parameter_arrays()).leaves
    scene = Scene(parameters, parameters, model, "layer", Style.of(**style))
    scene.line_up()
    moment = Static(any(p.grad for p in parameters))
    chosen = Level("layer", "there is no graph, only a network")
    return Drawing.of(Dot(scene, moment, None, str(model)), chosen, timeout, style.get("theme"))


def _count(values: Collection[Value]) -> int:
    return sum(not isinstance(value, Constant) for value in values)
