import math
import re
import tomllib

import pytest

from microbp.datasets import DATASETS
from microbp.errors import ProblemError
from microbp.losses import LOSSES
from microbp.nn import ACTIVATIONS, OUTPUTS
from microbp.nn.initial import INITS
from microbp.optim import OPTIMIZERS, SCHEDULES
from microbp.problems.loading import parse
from microbp.problems.names import Names
from microbp.problems.network import NetworkProblem
from microbp.problems.schema import SCHEMA, check_key, check_required, path
from microbp.problems.settings import ENGINES, UPDATES, Training
from microbp.problems.template import keys_table, template

KEYS = [(section, key) for section, keys in SCHEMA.items() for key in keys]
LINES = template().splitlines()


def lines_of(section, *keys):
    """The template with these keys, and the header of their section, no longer commented out."""
    here, lines = "", []
    for line in LINES:
        if header := re.fullmatch(r"(# )?\[(\w+)\]", line):
            here = header[2]
            line = f"[{here}]" if here == section else line
        elif here == section and line.removeprefix("# ").split(" = ")[0] in keys:
            line = line.removeprefix("# ")
        lines.append(line)
    return "\n".join(lines)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_has_a_meaning_and_an_example_that_fits(section, key):
    (words, fits, _), about, example = SCHEMA[section][key]
    assert len(words) > 5
    assert len(about) > 4
    assert fits(tomllib.loads(f"x = {example}")["x"])
    assert not fits(tomllib.loads("x = 1979-05-27")["x"])
    assert not fits({})


def test_the_template_has_every_key_in_its_section():
    found, here = [], ""
    for line in LINES:
        if header := re.fullmatch(r"(# )?\[(\w+)\]", line):
            here = header[2]
        elif line:
            found.append((here, line.removeprefix("# ").split(" = ")[0]))
            assert f"  # {SCHEMA[here][found[-1][1]].about}" in line
    assert found == KEYS


def test_the_template_loads_as_it_is():
    problem = parse(template(), "t.toml")
    assert problem.title == "My network"
    assert problem.training.steps == 100
    assert problem.names is None


# What a key of the template cannot stand beside, or without.
EXCLUDED = {
    ("network", "weights"): "network.sizes and network.weights exclude each other",
    ("network", "biases"): "network.sizes and network.biases exclude each other",
    ("data", "dataset"): "data.dataset and data.inputs exclude each other",
    ("data", "samples"): "data.samples belongs to data.dataset: inputs and targets are given",
    ("data", "noise"): "data.noise belongs to data.dataset: inputs and targets are given",
    ("data", "seed"): "data.seed belongs to data.dataset: inputs and targets are given",
}


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_key_that_is_uncommented_loads_or_says_what_excludes_it(section, key):
    text = lines_of(section, key)
    if (section, key) in EXCLUDED:
        with pytest.raises(ProblemError, match=re.escape(f"t.toml: {EXCLUDED[section, key]}")):
            parse(text, "t.toml")
    else:
        assert parse(text, "t.toml").title == "My network"


def test_the_names_of_the_template_fit_its_network():
    problem = parse(lines_of("names", *SCHEMA["names"]), "t.toml")
    assert [leaf.label for leaf in problem.leaves()] == [
        *("w1", "w2", "w3", "w4", "w5", "w6", "b1_h1", "b1_h2", "b1_h3", "w7", "w8", "w9", "b2_o1")
    ]


@pytest.mark.parametrize("key", SCHEMA["names"])
def test_a_name_can_be_given_alone(key):
    general, named = (
        {v.label for v in parse(text, "t.toml").root(slice(1)).graph()} for text in (template(), lines_of("names", key))
    )
    changed = {"inputs": "x[0]", "weights": "w[1][0,0]", "biases": "b[1][0]", "neurons": "z[1][0]", "loss": "loss"}
    assert general >= {*changed.values()}
    assert {*changed.values()} - named == ({changed[key]} if key in changed else set())


def test_the_examples_of_settings_are_the_defaults():
    # What is commented out in the template is what holds as long as it is.
    shown = {key: tomllib.loads(f"x = {SCHEMA['training'][key].example}")["x"] for key in SCHEMA["training"]}
    filled = {"learning_rate", "steps"}
    for key, value in shown.items():
        if key not in filled | {"train_biases", "batch_size"}:
            assert value == getattr(Training(), key), key
    problem = parse(template(), "t.toml")
    for section in ("network", "data", "loss"):
        for key in SCHEMA[section].keys() & {"init", "seed", "shared_bias", "held_out", "l2", "train_biases"}:
            if (section, key) in EXCLUDED:
                continue
            again = parse(lines_of(section, key), "t.toml")
            assert again.root().data == problem.root().data, key


def test_every_setting_and_name_has_its_key():
    assert set(SCHEMA["training"]) == set(vars(Training())) | {"train_biases"}
    assert set(SCHEMA["names"]) == set(Names.__dataclass_fields__)
    known = set(NetworkProblem.__dataclass_fields__)
    assert set(SCHEMA["network"]) - known == {"sizes", "init", "seed"}


@pytest.mark.parametrize(
    ("section", "key", "allowed"),
    [
        ("network", "init", INITS),
        ("network", "activation", ACTIVATIONS),
        ("network", "output", OUTPUTS),
        ("data", "dataset", DATASETS),
        ("loss", "name", LOSSES),
        ("training", "optimizer", OPTIMIZERS),
        ("training", "schedule", SCHEDULES),
        ("training", "update", UPDATES),
        ("training", "engine", ENGINES),
    ],
)
def test_a_choice_takes_what_there_is_and_says_so(section, key, allowed):
    words, fits, _ = SCHEMA[section][key].kind
    for name in allowed:
        assert fits(name)
        assert repr(name) in words
    assert not fits("nothing")
    assert not fits(1)
    assert not fits([["tanh"]])


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_key_that_is_misspelt_is_answered_with_the_nearest(section, key):
    wrong = f"{key[:-1]}x{key[-1]}"
    with pytest.raises(ProblemError, match=f"f.toml: unknown key: '{path(section, wrong)}' .*did you mean "):
        check_key("f.toml", section, wrong, 1)


@pytest.mark.parametrize("section", [s for s in SCHEMA if s])
def test_a_section_that_is_misspelt_is_answered_with_the_nearest(section):
    with pytest.raises(ProblemError, match=f"unknown key: '{section}s' .*did you mean '{section}'"):
        check_key("f.toml", "", f"{section}s", {})


NUMBERS = [(s, k) for s, k in KEYS if "number" in SCHEMA[s][k].kind.words]


@pytest.mark.parametrize(("section", "key"), NUMBERS)
@pytest.mark.parametrize("wrong", [math.inf, -math.inf, math.nan, 10**400, True, "1", None])
def test_a_number_is_on_the_real_line(section, key, wrong):
    depth = {"weights": 3, "biases": 2, "inputs": 2, "targets": 2, "sizes": 1}.get(key, 0)
    for _ in range(depth):
        wrong = [wrong]
    with pytest.raises(ProblemError, match=f"{path(section, key)} must be "):
        check_key("f.toml", section, key, wrong)


@pytest.mark.parametrize(("section", "key"), [("loss", "l2"), ("data", "noise"), ("training", "learning_rate")])
def test_what_cannot_be_negative_is_not(section, key):
    with pytest.raises(ProblemError, match=f"{path(section, key)} must be a number, 0 or more, got -1.0"):
        check_key("f.toml", section, key, -1.0)
    check_key("f.toml", section, key, 0)


def test_a_long_value_is_shown_short():
    with pytest.raises(ProblemError) as caught:
        check_key("f.toml", "data", "inputs", [["x" * 10**6] * 10] * 10**4)
    assert len(str(caught.value)) < 300


def test_one_group_of_keys_is_needed_and_only_one():
    good = {"": {"title": "t"}, "network": {"sizes": [1, 1]}, "data": {"dataset": "xor"}}
    check_required("f.toml", good)
    for section, given, said in (
        ("", {}, "f.toml: title is missing; it must be a text"),
        ("network", {}, "network.weights is missing; it must be a list .*; or give network.sizes"),
        ("network", {"weights": []}, "network.biases is missing; it must be a list with a list"),
        ("data", {}, "data.inputs is missing; it must be .*; or give data.dataset"),
        (
            "data",
            {"inputs": []},
            "data.targets is missing; it must be a list of rows of numbers, or for each sample",
        ),
        ("data", {"dataset": "xor", "targets": []}, "data.dataset and data.targets exclude each other"),
        ("network", {"sizes": [1], "biases": []}, "network.sizes and network.biases exclude each other"),
    ):
        with pytest.raises(ProblemError, match=said):
            check_required("f.toml", {**good, section: given})


def test_the_table_has_a_row_for_each_key():
    rows = keys_table()
    assert [row[0] for row in rows] == [path(*key) for key in KEYS]
    assert all(row[1] and row[2] for row in rows)
