"""Charts of a training run, with matplotlib: the loss, the parameters, and the outputs beside their targets."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from microbp.errors import ExtraError, UnknownNameError, nearest
from microbp.printing import check_place, language, language_now, say, word, write_file
from microbp.printing.language import ENGLISH
from microbp.problems import NetworkProblem
from microbp.training.train import TrainingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = ("svg", "png", "pdf")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""The colours of Okabe and Ito, which the colour-blind can tell apart; a second round of lines is dashed."""
MOST_LINES = 12
"""More parameters, or outputs, are not told apart in a chart."""
MOST_POINTS = 400
"""At so many steps of a run, evenly spread, outputs are computed."""
MOST_NUMBERS = 20_000_000
"""More are not recorded for a chart."""
LARGEST = 1e100
"""What is larger is left out: matplotlib cannot reckon with the largest floats."""
FONTS = {
    "zh": (
        *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB"),
        *("Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Arial Unicode MS"),
    )
}
"""Fonts that have the characters of a language: matplotlib's own has none of them, and it looks for no other."""


def plot_training(problem: NetworkProblem, result: TrainingResult, path: str | Path) -> None:
    """Draws the run to `path` (.svg, .png or .pdf): the same bytes for the same run.

    The charts of parameters and outputs need a result with a history (`train(…, record=True)`), and at most
    `MOST_LINES` of them. Raises what `check_chart` raises.
    """
    ending = check_chart(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    charts = [_draw_loss]
    if result.history is not None:
        if len(result.parameters) <= MOST_LINES:
            charts.append(_draw_parameters)
        if problem.shown_samples[1].size <= MOST_LINES:
            charts.append(_draw_outputs)
    fonts = _fonts()
    spoken = language_now() if fonts or language_now() not in FONTS else ENGLISH  # empty boxes say nothing to anyone
    family = ["sans-serif", *fonts]
    with (
        language(spoken),
        _any_weight(),
        mpl.rc_context({"svg.hashsalt": "microbp", "font.size": 9, "font.family": family}),
    ):
        figure = Figure(figsize=(4.2 * len(charts), 3.4), layout="constrained")
        for axes, chart in zip(figure.subplots(1, len(charts), squeeze=False)[0], charts, strict=True):
            chart(axes, problem, result)
            axes.set_xlabel(say("step"))
            axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(word(problem.title), parse_math=False)
        metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
        made = io.BytesIO()
        figure.savefig(made, format=ending, dpi=150, metadata=metadata.get(ending))
    write_file(path, made.getvalue())


def check_chart(path: str | Path) -> str:
    """The ending of the path, if a chart can be drawn to it: to know before a long run.

    Raises `ExtraError` without matplotlib, `UnknownNameError` for another ending, `ProblemError` without its folder.
    """
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise UnknownNameError(nearest("chart format", ending, FORMATS))
    check_place(path)
    try:
        import matplotlib  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise ExtraError('a chart needs matplotlib: pip install "microbp[plots]"') from error
    return ending


def needs_history(problem: NetworkProblem, steps: int) -> bool:
    """Whether a chart of so many steps shows more than the loss: not if that were too many lines, or numbers."""
    parameters, outputs = len(problem.leaves()), problem.shown_samples[1].size
    return min(parameters, outputs) <= MOST_LINES and parameters * (steps + 1) <= MOST_NUMBERS


def _draw_loss(axes: Axes, problem: NetworkProblem, result: TrainingResult) -> None:
    losses = _drawn(result.losses)
    axes.plot(np.arange(len(losses)), losses, color=COLOURS[0], linewidth=1)
    if np.isfinite(losses).any() and np.nanmin(losses) > 0:
        axes.set_yscale("log")
    axes.set_title(say("loss") if result.settings.batch_size is None else say("loss of each batch"))


def _draw_parameters(axes: Axes, problem: NetworkProblem, result: TrainingResult) -> None:
    assert result.history is not None
    steps = _first(result) + np.arange(len(result.history))
    for k, values in enumerate(_drawn(result.history).T):
        dashed = "--" if k >= len(COLOURS) else "-"
        axes.plot(steps, values, color=COLOURS[k % len(COLOURS)], linestyle=dashed, linewidth=1)
    _legend(axes, list(result.parameters))
    axes.set_title(say("parameters"))


def _draw_outputs(axes: Axes, problem: NetworkProblem, result: TrainingResult) -> None:
    assert result.history is not None
    X, targets = problem.shown_samples
    rows = np.unique(np.linspace(0, len(result.history) - 1, MOST_POINTS).astype(int))
    with np.errstate(all="ignore"):
        outputs = _drawn([problem.predict(X, result.history[row]).ravel() for row in rows])
    lines = []
    for k, (values, target) in enumerate(zip(outputs.T, targets.ravel(), strict=True)):
        colour = COLOURS[k % len(COLOURS)]
        lines += axes.plot(_first(result) + rows, values, color=colour, linewidth=1)
        axes.axhline(target, color=colour, linewidth=0.8, linestyle=":")
    names = [neuron.out_label or neuron.net_label for neuron in problem.model.layers[-1].neurons]
    many = len(targets) > 1
    called = [
        say("{name}, sample {number}", name=name, number=i) if many else name
        for i in range(len(targets))
        for name in names
    ]
    _legend(axes, called, lines)
    axes.set_title(say("outputs, and targets (dotted)"))


def _legend(axes: Axes, names: list[str], lines: list[Any] | None = None) -> None:
    """Beside the chart: in it, it would lie over the lines."""
    place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
    legend = axes.legend(axes.lines if lines is None else lines, names, frameon=False, fontsize=7, **place)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _fonts() -> list[str]:
    """Those of `FONTS` that this machine has, for the language in force."""
    from matplotlib.font_manager import get_font_names

    there = set(get_font_names())
    return [name for name in FONTS.get(language_now(), ()) if name in there]


@contextmanager
def _any_weight() -> Iterator[None]:
    """Of a font in another weight than the normal one, which will do, matplotlib logs a line for each text."""
    log = logging.getLogger("matplotlib.font_manager")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _first(result: TrainingResult) -> int:
    """The step that the history begins with: not the first, if the run was resumed."""
    assert result.history is not None
    return result.steps + 1 - len(result.history)


def _drawn(numbers: ArrayLike) -> NDArray[np.float64]:
    """The numbers as an axis takes them: a line ends where a run that diverged went too far."""
    drawn = np.array(numbers, dtype=np.float64)
    drawn[~(np.abs(drawn) <= LARGEST)] = np.nan
    return drawn
