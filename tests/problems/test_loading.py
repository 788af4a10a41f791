import tomllib
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp.datasets import DATASETS, moons
from microbp.errors import ProblemError
from microbp.problems import builtin_names, load, loading, titles
from microbp.problems.loading import MAX_BYTES, parse
from microbp.problems.schema import SCHEMA
from microbp.problems.template import template
from tests import examples

HEAD = 'title = "t"\n'
XOR = '[data]\ndataset = "xor"\n'
NETWORK = "[network]\nsizes = [2, 3, 1]\n"
DATA = "[data]\ninputs = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]\ntargets = [[0.0], [1.0], [2.0], [3.0]]\n"


def refused(text, said):
    with pytest.raises(ProblemError, match=said) as caught:
        parse(text, "f.toml")
    assert str(caught.value).startswith("f.toml: ")
    assert len(str(caught.value)) < 700


def peak_of(call):
    """The most memory that the call takes at once, in bytes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# Sizes are looked at before anything is made.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "[network]\nsizes = [2, 100_000_000, 1]\n" + XOR, "may have 250,000 parameters, got 400,000,001"),
        (HEAD + f"[network]\nsizes = [{2**62}, {2**62}]\n" + XOR, "may have 250,000 parameters, got 21,267,647,932"),
        (HEAD + "[network]\nsizes = [2, 83_334]\n" + XOR, "may have 250,000 parameters, got 250,002"),
        (
            HEAD + NETWORK + '[data]\ndataset = "moons"\nsamples = 10_000_000_000\n',
            "may have 10,000 samples, got 10,000,000,000",
        ),
        (HEAD + NETWORK + '[data]\ndataset = "moons"\nsamples = 100_001\n', "may have 10,000 samples, got 100,001"),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_made(text, said):
    assert peak_of(lambda: refused(text, said)) < 1_000_000


def test_what_is_just_not_too_large_is_taken(monkeypatch):
    moons = '[data]\ndataset = "moons"\nsamples = 9\n'  # and 13 parameters
    for name, most in (("MAX_SAMPLES", 9), ("MAX_PARAMETERS", 13)):
        monkeypatch.setattr(loading, name, most)
        assert len(parse(HEAD + NETWORK + moons, "f.toml").inputs) == 9
        monkeypatch.setattr(loading, name, most - 1)
        refused(HEAD + NETWORK + moons, f"a problem may have {most - 1} .* got {most}")
        monkeypatch.undo()


def test_a_file_that_is_too_long_is_refused(tmp_path):
    file = tmp_path / "f.toml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ProblemError, match=rf"it may have {MAX_BYTES:,} bytes, and has more"):
        load(str(file))
    with file.open("wb") as sparse:
        sparse.truncate(10**11)

    def read():
        with pytest.raises(ProblemError, match="and has more"):
            load(str(file))

    assert peak_of(read) < 3 * MAX_BYTES


# Files.


def test_a_file_of_windows_is_read_too(tmp_path):
    file = tmp_path / "f.toml"
    file.write_bytes(b"\xef\xbb\xbf" + template().replace("\n", "\r\n").encode("utf-8"))
    assert load(str(file)).title == "My network"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"title = '\xe9'", b"\x00", b"title", b"= 1", b"a.b.c = 1\na.b = 1"])
def test_a_file_that_is_not_toml_is_refused(content, tmp_path):
    file = tmp_path / "f.toml"
    file.write_bytes(content)
    with pytest.raises(ProblemError, match=r"cannot read the problem file|this is not TOML"):
        load(str(file))


@pytest.mark.parametrize("name", ["no/such.toml", ".toml", "\0.toml", "x" * 5000 + ".toml"])
def test_a_name_without_a_file_is_refused(name):
    with pytest.raises(ProblemError, match="cannot read the problem file"):
        load(name)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "f.toml").mkdir()
    with pytest.raises(ProblemError, match=r"cannot read the problem file .*Is a directory"):
        load(str(tmp_path / "f.toml"))


@pytest.mark.parametrize("name", ["w1-w8", "mine.toml"])
def test_numbers_belong_to_an_expression(name):
    with pytest.raises(ProblemError, match=f"{name} has its numbers already"):
        load(name, {"w1": 0.5})


# Weights.


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("weights = [[[1.0, 2.0], [1.0]]]\nbiases = [[0.0, 0.0]]", "network.weights must be .*, all as long"),
        ("weights = [[[1.0, 2.0]]]\nbiases = [[0.0], [0.0]]", "one weight matrix and one bias vector a layer"),
        (
            "weights = [[[1.0, 2.0]], [[1.0, 1.0]]]\nbiases = [[0.0], [0.0]]",
            r"layer 2 has weights .* so it needs 2 inputs",
        ),
        ("weights = [[[1.0, 2.0]]]\nbiases = [[0.0]]\nseed = 1", "network.seed belongs to network.sizes"),
        ('weights = [[[1.0, 2.0]]]\nbiases = [[0.0]]\ninit = "he"', "network.init belongs to network.sizes"),
        ("sizes = [2]", r"a network needs two sizes or more, inputs first, each 1 or more, got \[2\]"),
        ("sizes = [2, 0, 1]", "network.sizes must be a list of whole numbers, 1 or more, got"),
        ("sizes = [2, 2.0, 1]", "network.sizes must be a list of whole numbers"),
        ("sizes = []", "network.sizes must be a list of whole numbers"),
        ('sizes = [2, 3, 1]\nactivation = ["tanh", "tanh"]', "an activation for each of its 1 hidden layers"),
        ("sizes = [3, 1]", r"data.inputs must have 4 row\(s\), one a sample, of 3 number\(s\) each"),
        ("sizes = [2, 2]", r"data.targets must have 4 row\(s\), one a sample, of 2 number\(s\) each"),
        ("[[network]]", "this is not TOML"),
    ],
)
def test_a_network_that_cannot_be_is_refused(network, said):
    refused(HEAD + "[network]\n" + network + "\n" + XOR, said)


def test_a_section_that_is_none_is_refused():
    refused(HEAD + "network = 3\n" + XOR, r"\[network\] must be a section, got 3")
    refused(HEAD + f'network = "{"x" * 10**6}"\n' + XOR, r"\[network\] must be a section, got ")
    refused(HEAD + "[[network]]\nsizes = [2, 1]\n" + XOR, r"\[network\] must be a section, got \[")
    refused('"" = 3\n' + HEAD + NETWORK + XOR, "unknown key: ''")


def test_random_weights_are_the_same_at_every_load():
    one, other = (parse(HEAD + NETWORK + XOR, "f.toml") for _ in range(2))
    seeded = parse(HEAD + NETWORK + "seed = 5\n" + XOR, "f.toml")
    assert [v.data for v in one.leaves()] == [v.data for v in other.leaves()] != [v.data for v in seeded.leaves()]


# Data.


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('dataset = "xor"\nnoise = 0.1', r"data.noise does not fit the dataset xor, which takes \[\]"),
        ('dataset = "xor"\nsamples = 9', "data.samples does not fit the dataset xor"),
        ('dataset = "dummy_feature"\nnoise = 0.1', "data.noise does not fit the dataset dummy_feature"),
        ('dataset = "moon"', "unknown data.dataset: 'moon' .*did you mean 'moons'"),
        ('dataset = "moons"\nsamples = 0', "data.samples must be a whole number, 1 or more, got 0"),
        ('dataset = "moons"\nnoise = -0.1', "data.noise must be a number, 0 or more, got -0.1"),
        ('dataset = "xor"\nheld_out = 4', "data.held_out must leave a sample to train on: there are 4, got 4"),
        ('dataset = "xor"\nheld_out = 9000000000000000000', "data.held_out must leave a sample"),
        ('dataset = "xor"\nheld_out = -1', "data.held_out must be a whole number, 0 or more"),
        ('dataset = "xor"\nshown = 0', "data.shown must be a whole number, 1 or more"),
        ("inputs = [[1.0, 2.0]]", "data.targets is missing"),
        ("inputs = [[1.0, 2.0]]\ntargets = [[1.0], [2.0]]\nheld_out = 1", r"data.targets must have 1 row\(s\)"),
        ("inputs = [[1.0, 2.0], [3.0]]\ntargets = [[1.0], [2.0]]\nheld_out = 1", "data.inputs must have 1 row"),
        ("inputs = [[1.0, 2.0], [3.0]]\ntargets = [[1.0], [2.0]]", r"data.inputs must have 2 row.* of \[1, 2\]"),
        (
            "inputs = [[1.0, 2.0]]\ntargets = [[nan]]",
            r"data.targets must be a list of rows of numbers, or for .*, got \[\[nan\]\]",
        ),
        ("inputs = []\ntargets = []", "data.inputs must be a list of rows of numbers"),
    ],
)
def test_data_that_do_not_fit_are_refused(data, said):
    refused(HEAD + NETWORK + "[data]\n" + data + "\n", said)


def test_a_data_set_without_a_seed_is_the_same_at_every_load():
    text = HEAD + NETWORK + '[data]\ndataset = "moons"\nsamples = 9\n'
    one, other = (parse(text, "f.toml") for _ in range(2))
    assert np.array_equal(one.inputs, other.inputs)
    assert np.array_equal(one.inputs, moons(9, seed=0)[0])
    assert np.array_equal(parse(text + "seed = 4\nnoise = 0.0", "f.toml").inputs, moons(9, noise=0.0, seed=4)[0])


@pytest.mark.parametrize("data", [DATA, '[data]\ndataset = "moons"\nsamples = 4\n'])
def test_held_out_samples_are_the_rest(data):
    whole, parted, again, other = (
        parse(HEAD + NETWORK + data + more, "f.toml")
        for more in ("", "held_out = 1", "held_out = 1\nseed = 0", "held_out = 1\nseed = 2")
    )
    rows = np.hstack(
        [np.vstack([parted.inputs, parted.held_out_inputs]), np.vstack([parted.targets, parted.held_out_targets])]
    )
    assert sorted(rows.tolist()) == sorted(np.hstack([whole.inputs, whole.targets]).tolist())
    assert (len(parted.inputs), len(parted.held_out_inputs)) == (3, 1)
    assert np.array_equal(again.inputs, parted.inputs)
    assert not np.array_equal(other.inputs, parted.inputs)
    assert len(whole.held_out_inputs) == 0


def test_the_graph_is_of_the_samples_shown():
    one, two, many = (parse(HEAD + NETWORK + DATA + f"shown = {n}", "f.toml") for n in (1, 2, 4))
    assert len(one.root().graph()) < len(two.root().graph()) < len(many.root().graph())
    assert many.root().data == parse(HEAD + NETWORK + DATA, "f.toml").root().data
    assert one.predict(one.inputs).shape == (4, 1)
    with pytest.raises(ProblemError, match="has 1 to 4 samples to show, got 5"):
        parse(HEAD + NETWORK + DATA + "shown = 5", "f.toml")


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_data_set_can_be_named(dataset):
    X, Y = DATASETS[dataset]()
    network = f"[network]\nsizes = [{X.shape[1]}, {Y.shape[1]}]\n"
    problem = parse(HEAD + network + f'[data]\ndataset = "{dataset}"\nheld_out = 1\n', "f.toml")
    assert problem.inputs.shape == (len(X) - 1, X.shape[1])


def test_titles_need_no_data(monkeypatch):
    monkeypatch.setattr("microbp.datasets._stored", None)
    assert list(titles()) == builtin_names()
    assert all(titles().values())


# Names.

NAMES = """
[names]
inputs = ["x", "y"]
layers = ["hidden", "out"]
neurons = [["h"], ["o"]]
weights = [[["u", "v"]], [["w"]]]
biases = ["b", "c"]
"""


def test_names_go_with_sizes():
    problem = parse(HEAD + "[network]\nsizes = [2, 1, 1]\n" + XOR + "shown = 1\n" + NAMES, "f.toml")
    assert [leaf.label for leaf in problem.leaves()] == ["u", "v", "b_h", "w", "c_o"]
    labels = {v.label for v in problem.root().graph()}
    assert labels >= {"x", "y", "net_h", "out_h", "net_o", "out_o", "loss"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"b", "c"', '"b"'), "names.biases must have the sizes 2 of the network, got 1"),
        (('"b", "c"', '"b", "c", "d"'), "names.biases must have the sizes 2 of the network, got 3"),
        (('"b", "c"', '["b"], ["c", "d"]'), r"names.biases must have the sizes \[1, 1\] of the network, got \[1, 2\]"),
        (('"b", "c"', '["b"], ["c"], ["d"]'), r"names.biases must have the sizes \[1, 1\] .* got \[1, 1, 1\]"),
        (('"b", "c"', '"b", ["c"]'), "names.biases must be a text for each layer, or a list of texts for each layer"),
        (('"hidden", "out"', '"hidden"'), "names.layers must have the sizes 2 of the network, got 1"),
        (('"w"', '"u"'), r"must be different for different parameters, got \['u'\] more than once"),
        (
            ('["u", "v"]', '["u"]'),
            r"names.weights must have the sizes \[\[2\], \[1\]\] of the network, got \[\[1\], \[1\]\]",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused(change, said):
    assert change[0] in NAMES
    refused(HEAD + "[network]\nsizes = [2, 1, 1]\n" + XOR + NAMES.replace(*change), said)


@pytest.mark.parametrize("biases", ['["b", "c"]', '[["b"], ["c"]]'])
def test_a_shared_bias_has_one_name(biases):
    text = HEAD + "[network]\nsizes = [2, 1, 1]\nshared_bias = true\n" + XOR + NAMES.replace('["b", "c"]', biases)
    assert [leaf.label for leaf in parse(text, "f.toml").leaves()] == ["u", "v", "b", "w", "c"]


# Anything at all.

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-3, 5),
    st.sampled_from([2**63, -(10**30), 0.5, -1.5, 1e308, float("inf"), float("nan")]),
    st.sampled_from(
        ["tanh", "sigmoid", "linear", "xor", "moons", "sin_samples", "adam", "step", "{neuron}", "", "é$_"]
    ),
)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=8)
EXAMPLES = {(s, k): tomllib.loads(f"x = {key.example}")["x"] for s, keys in SCHEMA.items() for k, key in keys.items()}


def toml(value):
    """The value as TOML text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def problem_or_said(text):
    """The problem, or the error; anything else is raised."""
    try:
        return parse(text, "f.toml"), ""
    except ProblemError as error:
        said = str(error)
    assert said.startswith("f.toml: ")
    return None, said


@st.composite
def documents(draw):
    """A problem file that is right but for some keys that are missing, other, or too many."""
    sections = {"": {"title": "t"}, "network": {"sizes": [2, 3, 1]}, "data": {"dataset": "xor"}}
    for _ in range(draw(st.integers(0, 5))):
        section, key = draw(st.sampled_from(sorted(EXAMPLES)))
        keys = sections.setdefault(section, {})
        match draw(st.integers(0, 3)):
            case 0:
                keys.pop(key, None)
            case 1:
                keys[draw(st.sampled_from(["sizes", "samples", "x", "inputs", "name"]))] = draw(ANYTHING)
            case 2:
                keys[key] = draw(ANYTHING)
            case 3:
                keys[key] = EXAMPLES[section, key]
    return "\n".join(
        f"[{section}]\n" * bool(section) + "\n".join(f"{key} = {toml(value)}" for key, value in keys.items())
        for section, keys in sections.items()
    )


@examples(400)
@given(documents())
def test_a_document_is_a_problem_or_a_problem_error(text):
    problem, said = problem_or_said(text)
    if problem:
        assert np.isfinite(problem.inputs).all()
        assert len(problem.root().graph()) > 1
    else:
        assert "do not fit together" not in said  # each cause has words of its own


@examples(200)
@given(
    st.text(max_size=60) | st.lists(st.sampled_from([*"[]{}=\"'#.,\n 01ae", "title", "network", "\\u0"])).map("".join)
)
def test_any_text_is_a_problem_error(text):
    with pytest.raises(ProblemError):
        parse(text, "f.toml")


@examples(200)
@given(st.integers(0, 10_000), st.integers(0, 30), st.text(max_size=4))
def test_a_template_that_was_damaged_is_a_problem_or_a_problem_error(start, length, instead):
    text = template()
    start %= len(text)
    problem_or_said(text[:start] + instead + text[start + length :])


def test_a_softmax_of_the_output_is_left_to_the_loss_that_takes_it():
    text = (
        NETWORK.replace("1]", "2]") + 'output = "softmax"\n' + DATA.partition("targets")[0] + "targets = [0, 1, 1, 0]\n"
    )
    problem = parse(f'{HEAD}{text}[loss]\nname = "Cross-Entropy"\n', "f.toml")
    assert (problem.output, problem.loss) == ("linear", "softmax_cross_entropy")
    assert parse(f'{HEAD}{text}[loss]\nname = "mse"\n', "f.toml").output == "softmax"
    refused(f"{HEAD}{text}", "cross_entropy")
