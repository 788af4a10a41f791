import importlib.util
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from microbp.errors import ExtraError, ProblemError, UnknownNameError
from microbp.printing import language
from microbp.problems import NetworkProblem, load
from microbp.training import charts as plots
from microbp.training.charts import FORMATS, MOST_LINES, check_chart, needs_history, plot_training
from microbp.training.train import train
from tests.conftest import need

need_matplotlib = pytest.mark.usefixtures("matplotlib")
BEGINS = {"svg": b"<?xml", "png": b"\x89PNG\r\n", "pdf": b"%PDF"}


@pytest.fixture
def matplotlib():
    need(importlib.util.find_spec("matplotlib") is not None, "matplotlib")
    return pytest.importorskip("matplotlib")


@pytest.fixture
def figures(matplotlib, monkeypatch):
    """Every figure, as matplotlib has it when it is to be saved: only what is about the file needs the file."""
    from matplotlib.figure import Figure

    made = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: made.append(self))
    return made


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


@pytest.mark.slow
@need_matplotlib
@pytest.mark.parametrize("ending", FORMATS)
def test_a_chart_has_its_format_and_the_same_bytes_twice(ending, tmp_path):
    for name in ("a", "b"):
        problem = load("w1-w8")
        plot_training(problem, train(problem, 20, record=ending == "svg"), tmp_path / f"{name}.{ending}")
    one, other = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("a", "b"))
    assert one == other
    assert not re.search(rb"<dc:date>|\d{4}-\d\d-\d\dT", one)  # nor would they be another day
    assert one.startswith(BEGINS[ending])
    assert len(one) > 3000


@pytest.mark.parametrize(("fonts", "words"), [(["DejaVu Sans"], ["损失", "参数", "输出与目标值（点线）"]), ([], None)])
def test_a_chart_is_in_the_language_in_force_if_a_font_has_its_characters(fonts, words, figures, monkeypatch, tmp_path):
    problem = load("w1-w8")
    result = train(problem, 2, record=True)
    plot_training(problem, result, tmp_path / "english.svg")
    monkeypatch.setattr(plots, "_fonts", lambda: fonts)
    with language("zh"):
        plot_training(problem, result, tmp_path / "chart.svg")
    assert titles(figures[1]) == (words or titles(figures[0]))


def test_an_ending_may_be_in_capitals(matplotlib):
    assert check_chart("A.PNG") == "png"


def test_the_lines_are_the_numbers_of_the_run(figures, tmp_path):
    problem = load("w1-w8")
    result = train(problem, 20, record=True)
    plot_training(problem, result, tmp_path / "a.svg")
    (figure,) = figures
    loss, parameters, outputs = figure.axes
    assert loss.lines[0].get_ydata().tolist() == result.losses
    assert loss.lines[0].get_xdata().tolist() == list(range(20))
    assert [line.get_ydata().tolist() for line in parameters.lines] == result.history.T.tolist()
    assert [text.get_text() for text in parameters.get_legend().get_texts()] == list(result.parameters)
    # Of each output its way and its target; at the end what the network answers.
    ways, targets = outputs.lines[::2], outputs.lines[1::2]
    assert [way.get_ydata()[-1] for way in ways] == pytest.approx(result.outputs[0], rel=1e-14, abs=0)
    assert [target.get_ydata()[0] for target in targets] == [0.01, 0.99]
    assert [way.get_ydata()[0] for way in ways] == pytest.approx([0.751365070, 0.772928465], abs=1e-9)
    assert figure.get_suptitle() == problem.title
    assert [axes.get_xlabel() for axes in figure.axes] == ["step"] * 3


def test_the_charts_are_those_that_can_be_read(figures, tmp_path):
    deep, chain = load("deep"), load("chain")
    for problem, result in (
        (chain, train(chain, 3)),
        (chain, train(chain, 3, record=True)),
        (deep, train(deep, 3, record=True, batch_size=2)),
        (replace(deep, shown=None, inputs=deep.inputs.tolist() * 3, targets=deep.targets.tolist() * 3), None),
    ):
        plot_training(problem, result or train(problem, 3, record=True), tmp_path / "a.svg")
    rest = [title for figure in figures for title in titles(figure)[1:]]
    assert [len(figure.axes) for figure in figures] == [1, 3, 2, 1]
    assert [title.split(",")[0] for title in rest] == ["parameters", "outputs", "outputs"]
    assert [titles(figure)[0] for figure in figures] == ["loss", "loss", "loss of each batch", "loss"]


def test_a_loss_falls_on_a_logarithmic_axis_unless_it_reaches_zero(figures, tmp_path):
    problem = load("chain")
    result = train(problem, 3)
    plot_training(problem, result, tmp_path / "a.svg")
    plot_training(problem, replace(result, losses=[1.0, 0.0]), tmp_path / "a.svg")
    plot_training(problem, train(problem, 0, record=True), tmp_path / "a.svg")
    assert [figure.axes[0].get_yscale() for figure in figures] == ["log", "linear", "linear"]


def test_a_resumed_run_is_drawn_from_where_it_went_on(figures, tmp_path):
    problem, file = load("w1-w8"), tmp_path / "a.json"
    train(problem, 10, checkpoint=file)
    result = train(load("w1-w8"), 25, resume=file, record=True)
    plot_training(problem, result, tmp_path / "a.svg")
    loss, parameters, outputs = figures[0].axes
    assert loss.lines[0].get_xdata().tolist() == list(range(25))
    for line in (*parameters.lines, *outputs.lines[::2]):
        assert line.get_xdata().tolist() == list(range(10, 26))


def test_outputs_of_a_long_run_are_computed_at_some_steps(figures, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "MOST_POINTS", 10)
    problem = load("w1-w8")
    plot_training(problem, train(problem, 1000, record=True, engine="vectorized"), tmp_path / "a.png")
    xs = figures[0].axes[2].lines[0].get_xdata().tolist()
    assert len(xs) == 10
    assert (xs[0], xs[-1]) == (0, 1000)


@pytest.mark.slow
@need_matplotlib
@pytest.mark.parametrize("title", ["costs $\\frac{1$", "a\nb %s {x} <&>"])
def test_a_name_is_text_whatever_stands_in_it(title, tmp_path):
    problem = load("chain")
    result = train(problem, 3, record=True)
    names = ["$", "$\\frac{1$", "_w", "a_b^c", "w\n1\\n%s {x} <&>", ""]
    labels = dict(zip(names, result.parameters.values(), strict=True))
    plot_training(replace(problem, title=title), replace(result, parameters=labels), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes().startswith(BEGINS["svg"])


@need_matplotlib
def test_a_run_that_diverged_is_drawn_too(tmp_path):
    problem = load("neuron")
    result = train(problem, 5000, learning_rate=10.0, record=True)
    assert result.stopped
    assert max(result.losses) > 1e300
    plot_training(problem, result, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size > 10_000


def test_matplotlib_is_left_as_it_was(figures, matplotlib, tmp_path):
    before = dict(matplotlib.rcParams)
    problem = load("chain")
    plot_training(problem, train(problem, 2), tmp_path / "a.svg")
    assert len(figures) == 1
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", ["curve.jpg", "curve", "curve.svgz", ".svg"])
def test_another_ending_is_refused(name):
    with pytest.raises(UnknownNameError, match=r"unknown chart format: .* \(must be one of \['pdf', 'png', 'svg'\]"):
        check_chart(name)


def test_a_place_where_no_file_can_stand_is_refused(tmp_path):
    with pytest.raises(ProblemError, match="a file cannot be written here"):
        check_chart(tmp_path / "no" / "such" / "a.svg")
    (tmp_path / "b.svg").mkdir()
    with pytest.raises(ProblemError, match="a file cannot be written here"):
        check_chart(tmp_path / "b.svg")


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ExtraError, match=r'a chart needs matplotlib: pip install "microbp\[plots\]"'):
        check_chart(tmp_path / "a.svg")


def test_a_history_is_needed_only_where_it_is_drawn(monkeypatch):
    def wide(n_in, n_out):
        weights = [np.ones((n_out, n_in))]
        return NetworkProblem("wide", weights, [np.zeros(n_out)], [np.zeros(n_in)], [np.zeros(n_out)])

    assert needs_history(load("w1-w8"), 10_000)
    assert needs_history(wide(1000, MOST_LINES), 10)
    assert not needs_history(wide(1, MOST_LINES + 1), 10)
    assert needs_history(wide(MOST_LINES - 1, 1), 10)
    monkeypatch.setattr(plots, "MOST_NUMBERS", 110)
    assert needs_history(load("w1-w8"), 10)
    assert not needs_history(load("w1-w8"), 11)
