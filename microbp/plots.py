"""Charts of a training run, with matplotlib: the loss, the parameters, and the outputs beside their targets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from microbp import vectorized
from microbp.errors import ExtraError, UnknownNameError, unknown
from microbp.layouts import Layout
from microbp.problems import NetworkProblem
from microbp.training import TrainingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = ("svg", "png", "pdf")
MOST_LINES = 12
"""More parameters, or outputs, are not told apart in a chart."""
MOST_POINTS = 400
"""At so many steps of a run, evenly spread, outputs are computed."""


def plot_training(problem: NetworkProblem, result: TrainingResult, path: str | Path) -> None:
    """Draws the run to `path` (.svg, .png or .pdf): the same bytes for the same run.

    The charts of parameters and outputs need a result with a history (`train(…, record=True)`), and at most
    `MOST_LINES` of them. Raises `ExtraError` without matplotlib, `UnknownNameError` for another ending.
    """
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise UnknownNameError(unknown("chart format", ending, FORMATS))
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ExtraError('a chart needs matplotlib: pip install "microbp[plots]"') from error
    charts = [_draw_loss]
    if result.history is not None:
        if len(result.parameters) <= MOST_LINES:
            charts.append(_draw_parameters)
        if problem.targets[: problem.shown].size <= MOST_LINES:
            charts.append(_draw_outputs)
    with mpl.rc_context({"svg.hashsalt": "microbp", "font.size": 9}):
        figure = Figure(figsize=(4.2 * len(charts), 3.4), layout="constrained")
        for axes, chart in zip(figure.subplots(1, len(charts), squeeze=False)[0], charts, strict=True):
            chart(axes, problem, result)
            axes.set_xlabel("step")
            axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(problem.title)
        metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
        figure.savefig(path, format=ending, dpi=150, metadata=metadata.get(ending))


def _draw_loss(axes: Axes, problem: NetworkProblem, result: TrainingResult) -> None:
    losses = np.array(result.losses)
    axes.plot(np.arange(len(losses)), losses, color="#0072B2", linewidth=1)
    if len(losses) and losses.min() > 0:
        axes.set_yscale("log")
    axes.set_title("loss" if result.settings.batch_size is None else "loss of each batch")


def _draw_parameters(axes: Axes, problem: NetworkProblem, result: TrainingResult) -> None:
    assert result.history is not None
    for label, values in zip(result.parameters, result.history.T, strict=True):
        axes.plot(values, linewidth=1)
        axes.annotate(f" {label}", (len(values) - 1, values[-1]), fontsize=7, va="center", annotation_clip=False)
    axes.set_title("parameters")


def _draw_outputs(axes: Axes, problem: NetworkProblem, result: TrainingResult) -> None:
    assert result.history is not None
    steps = np.unique(np.linspace(0, len(result.history) - 1, MOST_POINTS).astype(int))
    outputs = np.array([_outputs(problem, result.history[step]).ravel() for step in steps])
    targets = problem.targets[: problem.shown].ravel()
    for k, (values, target) in enumerate(zip(outputs.T, targets, strict=True)):
        axes.plot(steps, values, color=f"C{k}", linewidth=1)
        axes.axhline(target, color=f"C{k}", linewidth=0.8, linestyle="--")
    axes.set_title("outputs, and targets (dashed)")


def _outputs(problem: NetworkProblem, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    arrays = Layout(problem.model.parameter_arrays()).spread(theta)
    X = problem.inputs[: problem.shown]
    return vectorized.forward(arrays[::2], arrays[1::2], X, **problem.model.activations())[1][-1]
