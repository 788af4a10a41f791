"""Activations and losses: every place that knows one knows all, and what lacks one is named with the file to edit."""

import inspect
import re
from functools import cache
from typing import get_args, get_type_hints

import numpy as np
import pytest

import microbp
from microbp import nn, vectorized
from microbp.comparing.answers.flat import ORDERS, OrderName
from microbp.derivation import formulas
from microbp.diagnosis.search import changes
from microbp.drawing.drawing import PictureOptions, Plan
from microbp.drawing.levels import FOLDED, LevelName
from microbp.drawing.page.page import page_html
from microbp.drawing.palette import THEMES
from microbp.drawing.style import Style, StyleOptions, ThemeName
from microbp.engine.declared import Activation
from microbp.engine.ops import ACTIVATIONS, OPS
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula
from microbp.losses import ALIASES, LOSSES, Loss, LossName
from microbp.optim import OPTIMIZERS, SCHEDULES
from microbp.problems import settings
from microbp.problems.exercise import exercise_of
from microbp.problems.schema import SCHEMA
from tests import ROOT, test_losses, test_vectorized

REFERENCE = (ROOT / "examples" / "reference.md").read_text("utf-8")
CASE = exercise_of(microbp.load("w1-w8"))


def readme_row(name):
    """The names in code in a row of the reference's tables, but for the first, which names the row."""
    return set(re.findall(r"`(\w+)`", REFERENCE.partition(f"\n| `{name}` |")[2].partition("\n")[0]))


@cache
def in_page(name):
    """Whether a page knows the node for an activation, and says why its derivative is what it is."""
    text = page_html(nn.Neuron(1, name)([0.5])).replace("\\u003e", ">")
    return '["activation",' in text and OPS[name].rule in text


def activations():
    """Where activations are known, by the file to edit."""
    return {
        "microbp/engine/ops.py (a row of TABLE with activation=True)": set(nn.ACTIVATIONS),
        "microbp/vectorized/functions.py (ACTIVATIONS)": set(vectorized.ACTIVATIONS),
        "microbp/problems/schema.py (network.activation)": accepted("network", "activation", nn.ACTIVATIONS),
        "examples/reference.md (network.activation: run `make gallery`)": readme_row("network.activation"),
        "examples/reference.md (the operations: run `make gallery`)": {
            name for name in nn.ACTIVATIONS if name == "linear" or f"\n| {name} | `x." in REFERENCE
        },
        "tests/test_vectorized.py (TEXTBOOK: f and f′ of one number)": set(test_vectorized.TEXTBOOK),
        "microbp/drawing/page (the kind of a node)": {"linear", *filter(in_page, nn.ACTIVATIONS[1:])},
    }


def outputs():
    """Where activations of the last layer are known: those that make an output of all nets of a row as well."""
    return {
        "microbp/nn/layer.py (OUTPUTS)": set(nn.OUTPUTS),
        "microbp/vectorized/functions.py (OUTPUTS)": set(vectorized.OUTPUTS),
        "microbp/derivation/formulas.py (SLOPES)": set(formulas.SLOPES),
        "microbp/derivation/formulas.py (MISREMEMBERED)": set(formulas.MISREMEMBERED),
        "microbp/derivation/formulas.py (JACOBIANS)": set(nn.ACTIVATIONS) | set(formulas.JACOBIANS),
        "microbp/problems/schema.py (network.output)": accepted("network", "output", nn.OUTPUTS),
        "examples/reference.md (network.output: run `make gallery`)": readme_row("network.output"),
    }


def losses():
    """Where losses are known, by the file to edit."""
    return {
        "microbp/losses/rows.py (LOSSES)": set(LOSSES),
        "microbp/vectorized/functions.py (LOSSES)": set(vectorized.LOSSES),
        "microbp/problems/schema.py (loss.name)": accepted("loss", "name", {*LOSSES, *vectorized.LOSSES}),
        "examples/reference.md (loss.name: run `make gallery`)": readme_row("loss.name") - {*ALIASES, "cross_entropy"},
        "tests/test_losses.py (BY_HAND: its value, worked out by hand)": set(test_losses.BY_HAND),
    }


def accepted(section, key, names):
    return {name for name in names if SCHEMA[section][key].kind.fits(name)}


def value(text, scope):
    """What a formula comes to."""
    formula = Formula(text)
    return numpy_function("row", formula.names, [formula])(*(scope[name] for name in formula.names))[0]


def lacks(kind, places):
    """A sentence for each name that a place lacks."""
    every = set().union(*places.values())
    return [
        f"{kind} {name!r} is missing in {place}" for place, known in places.items() for name in sorted(every - known)
    ]


def test_every_place_knows_every_activation():
    missing = lacks("the activation", activations())
    assert not missing, "\n".join(missing)


def test_every_place_knows_every_activation_of_the_last_layer():
    missing = lacks("the activation", outputs())
    assert not missing, "\n".join(missing)


def test_every_place_knows_every_loss():
    missing = lacks("the loss", losses())
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("kind", [activations, outputs, losses])
def test_what_lacks_a_name_is_named_with_its_file(kind):
    places = kind()
    for place, known in places.items():
        name = max(known)
        assert f"the {name!r} is missing in {place}" in lacks("the", places | {place: known - {name}})


def test_a_loss_simplifies_with_the_same_activations_in_both_derivations():
    pairs = {(name, f) for name, loss in LOSSES.items() for f in (*loss.delta, *formulas.JACOBIANS)}
    assert pairs == vectorized.LOSSES_OF_NET.keys()


@pytest.mark.parametrize("name", LOSSES)
def test_the_row_of_a_loss_is_its_derivative_on_the_targets_it_is_for(name):
    row, rng = LOSSES[name], np.random.default_rng(0)
    y = row.targets.sample(rng, (5, 3))
    assert row.targets.fit(y)
    assert np.all(y == y.round(2))
    a = rng.uniform(0.1, 0.9, size=y.shape)
    scope = {"a": a, "y": y, "m": 5, "n": 3, "p": vectorized.softmax(a) * y.sum(axis=1, keepdims=True)}
    np.testing.assert_allclose(value(row.derivative, scope), vectorized.LOSSES[name][1](a, y), rtol=1e-12)
    for f, text in row.delta.items():
        both = vectorized.LOSSES[name][1](a, y) * vectorized.ACTIVATIONS[f][1](np.log(a / (1 - a)), a)
        np.testing.assert_allclose(value(text, scope), both, rtol=1e-12)


HALF_THERE = {
    "losses": (LOSSES, Loss("hinge")),
    "vectorized": (vectorized.LOSSES, vectorized.LOSSES["hinge"]),
}


@pytest.mark.parametrize("where", [("losses",), ("vectorized",), ("losses", "vectorized")])
def test_a_loss_that_is_missing_somewhere_leaves_other_networks_alone(where, monkeypatch):
    for place in where:
        table, row = HALF_THERE[place]
        monkeypatch.setitem(table, "toy", row)
    monkeypatch.setattr(changes, "other_losses", formulas.other_losses.__wrapped__)  # not what it kept from before
    assert any("'toy' is missing in tests/test_losses.py" in line for line in lacks("the loss", losses()))
    problem = microbp.load("w1-w8")
    _, dW, db = vectorized.loss_and_gradients(
        *problem.model.arrays(), problem.inputs, problem.targets, **problem.model.activations()
    )
    assert microbp.diagnose(problem, {"dW": dW, "db": db}).ok
    twice = microbp.diagnose(problem, {"dW": [2 * g for g in dW], "db": [2 * g for g in db]})
    assert not twice.ok
    assert microbp.conventions(problem, "0.291027924")


@pytest.mark.parametrize("table", [vectorized.OUTPUTS, formulas.SLOPES])
def test_an_activation_that_is_missing_somewhere_leaves_other_networks_alone(table, monkeypatch):
    monkeypatch.setitem(table, "toy", table["tanh"])
    said = lacks("the activation", outputs())
    assert "the activation 'toy' is missing in microbp/derivation/formulas.py (MISREMEMBERED)" in said
    problem = microbp.load("w1-w8")
    _, dW, db = vectorized.loss_and_gradients(
        *problem.model.arrays(), problem.inputs, problem.targets, **problem.model.activations()
    )
    assert not microbp.diagnose(problem, {"dW": [np.tanh(g) + 1 for g in dW], "db": db}).ok


def test_type_checkers_know_the_choices_of_every_table():
    assert get_args(Activation) == ACTIVATIONS, "run `make gallery`"
    assert {*get_args(LossName)} == {*LOSSES, *ALIASES, "cross_entropy"}, "losses/rows.py: LossName"
    assert get_args(LevelName) == tuple(FOLDED), "drawing/levels.py: LevelName"
    assert get_args(OrderName) == tuple(ORDERS), "comparing/answers/flat.py: OrderName"
    assert get_args(ThemeName) == tuple(THEMES), "drawing/style.py: ThemeName"
    assert get_args(settings.OptimizerName) == tuple(OPTIMIZERS), "problems/settings.py: OptimizerName"
    assert get_args(settings.Schedule) == tuple(SCHEDULES), "problems/settings.py: Schedule"


@pytest.mark.parametrize(
    ("options", "fields"), [(StyleOptions, Style), (settings.TrainingOptions, settings.Training)], ids=["draw", "train"]
)
def test_typed_options_are_the_fields_that_they_set(options, fields):
    wanted = get_type_hints(fields)
    wanted.pop("steps", None)  # `train` has it by itself
    assert get_type_hints(options) == wanted


def test_a_film_takes_what_a_picture_takes():
    named = [x.name for x in inspect.signature(Plan.of).parameters.values() if x.kind is x.KEYWORD_ONLY]
    assert {*get_type_hints(PictureOptions)} == {*named, *get_type_hints(StyleOptions)}
