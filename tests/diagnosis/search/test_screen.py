"""What a part of a layer, or a tiny network, says of lines is what the whole says."""

from dataclasses import replace

import numpy as np
import pytest

from microbp import nn
from microbp.comparing.answers.answer import Answer
from microbp.derivation.backprop import backward, gradients, pass_of
from microbp.diagnosis.search import screen
from microbp.diagnosis.search.edits import edits
from microbp.diagnosis.search.replay import Replayer
from microbp.diagnosis.search.search import Search
from microbp.diagnosis.search.shapes import Shapes, part_behind, part_of, part_of_start
from microbp.problems.exercise import exercise_of

NETWORKS = [
    ((5, 4, 3), 6, "sigmoid", "sigmoid"),
    ((4, 4, 4, 4), 4, "tanh", "softmax"),
    ((3, 5, 1), 1, "relu", "linear"),
]


def random_exercise(sizes, m, activation, output, loss="mean_squared_error"):
    rng = np.random.default_rng(7)
    model = nn.MLP(sizes[0], list(sizes[1:]), activation=activation, output=output, seed=3)
    return exercise_of(model, rng.normal(size=(m, sizes[0])), rng.uniform(size=(m, sizes[-1])), loss=loss)


def lines_of(case, l):
    """Lines one edit away from the right ones of a layer, with the stage that they are of."""
    sources = {"slope": "delta", "d": "delta", "dW": "sums", "db": "sums", "back": "back"}
    for head, kind in sources.items():
        if head != "back" or l > 1:
            yield from ((kind, {head: text}) for text, _ in edits(pass_of(case).layers[l - 1][head], l == case.depth))


@pytest.mark.parametrize("network", NETWORKS)
def test_a_line_fits_a_tiny_network_exactly_if_it_fits_the_network(network):
    case = random_exercise(*network)
    replayer, shapes = Replayer(case, Answer(case.truth[1], "")), Shapes(case)
    done = dict(backward(case, pass_of(case)))
    with np.errstate(all="ignore"):
        for l in range(1, case.depth + 1):
            for kind, texts in lines_of(case, l):
                if kind == "back":
                    fits = replayer.back(replayer.start, l, done[l], texts["back"]) is not None
                else:
                    fits = replayer.layer(replayer.start, l, done.get(l + 1), texts) is not None
                assert shapes.fit(l, kind, texts) == fits, (l, texts)


@pytest.mark.parametrize("network", NETWORKS)
def test_what_treats_all_alike_makes_of_a_part_what_it_makes_of_the_whole(network):
    case = random_exercise(*network)
    replayer, shapes = Replayer(case, Answer(case.truth[1], "")), Shapes(case)
    done, count = dict(backward(case, pass_of(case))), 0
    with np.errstate(all="ignore"):
        for l in range(1, case.depth + 1):
            n_out, n_in = case.weights[l - 1].shape
            neurons, inputs = sorted({0, n_out - 1}), sorted({n_in // 2, n_in - 1})
            start = part_of_start(replayer.start, l, neurons, inputs)
            for texts in ({}, *(texts for _, texts in lines_of(case, l))):  # the right lines of a softmax are not
                if not shapes.alike(l, texts):
                    continue
                whole = replayer.layer(replayer.start, l, done.get(l + 1), texts)
                part = replayer.layer(start, l, part_behind(done.get(l + 1), neurons), texts)
                np.testing.assert_allclose(part["dW"], whole["dW"][neurons][:, inputs], rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(part["db"], whole["db"][neurons], rtol=1e-9, atol=1e-12)
                count += 1
    assert count > 100


@pytest.mark.parametrize("l", [1, 2, 3])
def test_a_part_of_a_scope_has_of_each_array_the_neurons_and_inputs_of_that_layer(l):
    case = random_exercise((5, 4, 3, 2), 6, "tanh", "linear", loss="softmax_cross_entropy")  # each size is an axis'
    layers = dict(backward(case, pass_of(case)))
    n_out, n_in = case.weights[l - 1].shape
    places = {n_out: [1, 0], n_in: [0, 1]}

    def part(array):
        for axis, size in enumerate(np.shape(array)):
            array = np.take(array, places.get(size, range(size)), axis)
        return array

    made = part_of(layers[l], *places.values())
    assert made.keys() == layers[l].keys()
    assert {"a0", "W", "d", "dW", "l2W", "db", "X", "y"} <= made.keys()
    for whole, found in ((layers[l], made), (layers[l]["known"], made["known"])):
        for name in found.keys() - {"a00", "dW_", "back"}:  # no line with the first two is asked of a part
            if isinstance(found[name], np.ndarray):
                np.testing.assert_array_equal(found[name], part(whole[name]), err_msg=name)
    after = layers.get(l + 1)
    back = part_behind(after, places[n_out])
    assert after is back is None or np.array_equal(back["back"], after["back"][:, places[n_out]])
    one = {"back": np.zeros(n_out), "a0": layers[l]["a"]}  # is broadcast
    assert part_behind(one, [0])["back"] is one["back"]


def test_targets_are_of_the_last_layer_and_the_network_s_inputs_of_the_first_whatever_the_sizes():
    case = random_exercise((3, 3, 3), 6, "tanh", "linear")
    first, last = (part_of(scope, [0], [1]) for _, scope in sorted(backward(case, pass_of(case))))
    assert (first["y"].shape, last["y"].shape) == ((6, 3), (6, 1))
    assert (first["X"].shape, last["X"].shape) == ((6, 1), (6, 3))


@pytest.mark.parametrize(
    ("l", "heads"),
    [
        (1, {"slope": "a * a", "dW": "d.T @ (a0 * a0)"}),
        (2, {"d": "up / slope", "db": "d.max(axis=0)"}),
    ],
)  # in each layer a line of δ and one of the sums, each line once: a search of every line takes half a second
@pytest.mark.slow
def test_with_and_without_a_first_look_the_same_lines_are_found(l, heads, monkeypatch):
    case = random_exercise(*NETWORKS[0])
    found = []
    for least in (0, np.inf):
        monkeypatch.setattr(screen, "LARGE", least)
        for head, text in heads.items():
            made = gradients(case, pass_of(case).changed({head: text}, [l]))
            found.append([(e.codes, e.findings[0].change) for e in Search(case, Answer(made, "")).explanations()])
    half = len(heads)
    assert all(found)
    assert found[:half] == found[half:]


STEPPED = "d @ (W - eta * dW)"
LOOKS = {
    "_may_fit": (1, {"slope": "a * a"}, {"slope": "a"}),
    "_may_be_sums W": (2, {"dW": "d.T @ (a0 * a0)"}, {"dW": "d.T @ (a0 + a0)"}),
    "_may_be_sums b": (2, {"db": "d.max(axis=0)"}, {"db": "d.min(axis=0)"}),
    "_may_have_rate": (2, {"back": STEPPED}, {"slope": "a"}),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_first_look_lets_the_lines_pass_that_were_planted_and_no_others(look, monkeypatch):
    l, planted, others = LOOKS[look]
    case = replace(random_exercise((7, 5, 3), 4, "tanh", "linear"), learning_rate=0.1)
    given = Answer(gradients(case, pass_of(case).changed(planted, [l])), "")
    found = []
    for least in (0, np.inf):
        monkeypatch.setattr(screen, "LARGE", least)
        search = Search(case, given)
        start, done = search.start, dict(backward(case, search.right))
        if look == "_may_fit":
            found += [search._may_fit(start, l, done[2], texts) for texts in (planted, {}, others)]
        elif look == "_may_have_rate":
            ends = [search.back(start, l, done[2], STEPPED, rate) for rate in (0.0, 1.0)]
            same = [ends[0], ends[0]]
            found += [search._may_have_rate(start, 1, *what) for what in ((ends, {}), (same, {}), (ends, others))]
        else:
            part = search._part(l, done[l])
            found += [search._may_be_sums(start, l, part, texts, look[-1]) for texts in (planted, {}, others)]
    assert found == [True, False, False, True, True, True]


def test_a_line_that_does_not_treat_all_neurons_alike_is_not_judged_by_a_few(monkeypatch):
    monkeypatch.setattr(screen, "LARGE", 0)
    case = random_exercise((7, 5, 3), 4, "tanh", "linear")
    planted = {"slope": "a - a.mean()"}
    search = Search(case, Answer(gradients(case, pass_of(case).changed(planted, [1])), ""))
    after = dict(backward(case, search.right))[2]
    assert [search._may_fit(search.start, 1, after, texts) for texts in (planted, {})] == [True, False]
    exact = np.zeros((1, 1))  # of which nothing is allowed to be off
    assert screen.Part([0], [0], {"W": (exact, exact)}).fits({"dW": exact}, "W")


def test_with_and_without_a_first_look_a_pass_misses_the_same_numbers(monkeypatch):
    case = replace(random_exercise((7, 5, 3), 4, "tanh", "linear"), learning_rate=0.1, l2=0.3)
    right = pass_of(case)
    changes = {"passes": 2}, {"order": "reversed"}, {"slope": "a"}, {"precision": "single"}, {"z": "a0 @ W.T"}
    lines = [right, *map(right.changed, changes)]
    look, found, seen = Search._misses_more, [], []
    monkeypatch.setattr(Search, "_misses_more", lambda *what: seen.append(look(*what)) or seen[-1])
    for least in (0, np.inf):
        monkeypatch.setattr(screen, "LARGE", least)
        for planted in lines[1:4]:
            search = Search(case, Answer(gradients(case, planted), ""))
            found.append([search._misses(tried, most) for tried in lines for most in (0, 3, np.inf)])
        assert any(seen) == (least == 0)
        seen.clear()
    assert all(any(misses and not any(map(len, misses.values())) for misses in row) for row in found)
    np.testing.assert_equal(found[:3], found[3:])
