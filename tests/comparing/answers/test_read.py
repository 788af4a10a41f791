import io
import json

import hypothesis
import numpy as np
import pytest
import scipy.io as scipy_io
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

import microbp
from microbp import nn
from microbp.comparing.answers.answer import Answer
from microbp.comparing.answers.files import find_function, load_gradients
from microbp.comparing.answers.flat import ORDERS
from microbp.comparing.answers.formats.by_ending import READERS
from microbp.comparing.answers.read import read_gradients
from microbp.comparing.answers.sequences import loss_apart
from microbp.errors import OperandError, ProblemError, ShapeError, UnknownNameError
from microbp.problems.exercise import exercise_of
from microbp.vectorized import loss_and_gradients

MODEL = nn.MLP(3, [4, 2], activation="tanh", seed=1)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
CASE = exercise_of(MODEL, X, Y)
TRUTH = CASE.truth[1]
dW, db = [TRUTH["dW1"], TRUTH["dW2"]], [TRUTH["db1"], TRUTH["db2"]]
THETA = microbp.to_theta(dW, db)
LABELS = {value.label: float(g) for array, g in zip(MODEL.parameter_arrays(), TRUTH.values(), strict=True)
          for value, g in zip(array.flat, g.flat, strict=True)}  # fmt: skip

FORMS = {
    "dW and db": {"dW": dW, "db": db},
    "lists of lists": {"dW": [g.tolist() for g in dW], "db": [g.tolist() for g in db]},
    "columns for biases": {"dW": dW, "db": [g.reshape(-1, 1) for g in db]},
    "by array": {"dW1": dW[0], "db1": db[0], "dW2": dW[1], "db2": db[1]},
    "other names": {"W1": dW[0], "grad_b1": db[0], "W2_grad": dW[1]},
    "labels": LABELS,
    "some labels": {"w[1][0,2]": LABELS["w[1][0,2]"]},
    "a pair": (dW, db),
    "with the loss": (CASE.truth[0], dW, db),
    "one list": [dW[0], db[0], dW[1], db[1]],
    "weights": dW,
    "theta": THETA,
    "theta by name": {"Theta1_grad": THETA[0], "Theta2_grad": THETA[1]},
    "theta rows": np.concatenate([t.ravel() for t in THETA]),
    "theta columns": np.concatenate([t.ravel("F") for t in THETA]),
    "theta columns in a column": np.concatenate([t.ravel("F") for t in THETA]).reshape(-1, 1),
    "rows": np.concatenate([dW[0].ravel(), db[0], dW[1].ravel(), db[1]]).tolist(),
    "columns": {"grad": np.concatenate([dW[0].ravel("F"), db[0], dW[1].ravel("F"), db[1]])},
    "weights-rows": np.concatenate([g.ravel() for g in dW + db]),
    "weights-columns": np.concatenate([g.ravel("F") for g in dW + db]),
    "a function": lambda W, b, X, Y: (dW, db),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form):
    comparison = microbp.compare(MODEL, X, Y, gradients=FORMS[form])
    assert comparison.ok, str(comparison)
    assert not microbp.compare(MODEL, X + 0.1, Y, gradients=FORMS[form], order=comparison_order(form)).ok


def comparison_order(form):
    name = form.removesuffix(" in a column").replace(" ", "-")
    return name if name in ORDERS else None


@pytest.mark.parametrize("order", ORDERS)
def test_a_vector_that_could_be_several_names_the_layouts(order):
    vector = np.arange(26.0)
    with pytest.raises(ShapeError, match=f"'{order}': .*one after the other"):
        microbp.compare(MODEL, X, Y, gradients=vector)
    assert not microbp.compare(MODEL, X, Y, gradients=vector, order=order).ok


@pytest.mark.parametrize("order", ORDERS)
def test_layouts_of_one_layer_that_are_the_same_are_not_several(order):
    model = nn.MLP(3, [2], activation="tanh", seed=1)
    (W,), (b,) = (list(exercise_of(model, X, Y).truth[1].values())[k::2] for k in (0, 1))
    whole = {"theta": np.column_stack([b, W]), "neurons": np.column_stack([W, b])}.get(order.partition("-")[0])
    vector = (W if whole is None else whole).ravel("F" if order.endswith("columns") else "C")
    vector = np.append(vector, b) if whole is None else vector
    known = [reading.order for reading in read_gradients(exercise_of(model, X, Y), vector)]
    assert known == ["rows", "columns", "neurons", "theta-rows", "theta-columns"]
    assert microbp.compare(model, X, Y, gradients=vector).ok
    assert microbp.diagnose(model, -vector, X=X, Y=Y).mistakes == ("sign",)
    assert microbp.compare(model, X, Y, gradients=vector, order=order).ok


@pytest.mark.slow
def test_weights_before_biases_are_known_for_what_they_are():
    problem = microbp.load("w1-w8")
    numbers = exercise_of(problem).truth[1]
    weights, biases = [numbers["dW1"], numbers["dW2"]], [numbers["db1"], numbers["db2"]]
    for by, order in (("C", "weights-rows"), ("F", "weights-columns")):
        for ends in (biases, [g.sum(keepdims=True) for g in biases]):
            vector = np.concatenate([g.ravel(by) for g in (*weights, *ends)])
            diagnosis = microbp.diagnose(problem, -vector)
            assert (diagnosis.mistakes, diagnosis.details["order"]) == (("sign",), order)
            assert microbp.diagnose(problem, vector, order=order).details["arrays"] == list(numbers)
    (reading, *others) = read_gradients(exercise_of(problem), np.concatenate([g.ravel() for g in weights]))
    assert [reading.order, *(other.order for other in others)] == ["rows", "columns"]


def test_shared_biases_may_be_one_number_or_one_for_each_neuron():
    problem = microbp.load("w1-w8")
    db2, total = [0.138498562, -0.038098237], 0.100400325
    for biases in ({"b2": total}, {"db2": db2}, {"db2": [total] * 2}, {"db2": total}):
        assert microbp.compare(problem, gradients=biases).ok, biases
    numbers = exercise_of(problem).truth[1]
    vector = [*numbers["dW1"].flat, numbers["db1"].sum(), *numbers["dW2"].flat, numbers["db2"].sum()]
    assert microbp.compare(problem, gradients=vector).ok


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dW1": dW[0].reshape(2, 6)}, r"needs shape \(4, 3\).*got \(2, 6\); a reshape fits"),
        ({"dW1": np.zeros((5, 5))}, r"needs shape \(4, 3\), as W1 has, got \(5, 5\)$"),
        ({"dW": dW[:1]}, "dW needs an array for each of the 2 layers, got 1"),
        ([1.0, 2.0], r"needs 26 \(each with its biases\) or 20 \(the weights alone\) numbers, got 2"),
        ({"dW1": [["a"]]}, "must be an array of real numbers"),
        ([], "cannot read gradients"),
        ({}, "out of an empty dict: this network has .*; give them by name"),
        ({"dW1": None}, "nothing but None, or null, for 'dW1'"),
        ([[[1.0, 2.0]]], "out of one matrix without a name.*in a .csv as lines, dW1,0.1,0.2"),
        ({"dW1": [[True, False]]}, "dW1 must be an array of real numbers.*a truth value is no number"),
        ({"w[1][0,2]": True}, "a truth value is no number"),
        (np.zeros(26, dtype=bool), "a flat vector must.*a truth value is no number"),
        ({"theta1": [1.0]}, "Θ1 needs shape"),
    ],
)
def test_what_does_not_fit_says_why(given, said):
    with pytest.raises(ShapeError, match=said):
        microbp.compare(MODEL, X, Y, gradients=given)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_sums_over_all_of_delta_are_a_mistake_in_every_form(depth):
    model = nn.MLP(3, [4, 2, 2][:depth], seed=1)
    case = exercise_of(model, X, np.zeros((5, [4, 2, 2][depth - 1])))
    dW, db = (list(case.truth[1].values())[k::2] for k in (0, 1))
    sums = [g.sum() for g in db]
    for given in ((dW, sums), (0.5, dW, sums), {"dW": dW, "db": sums}, lambda *_: (dW, sums)):
        compared = microbp.compare(model, X, case.Y, gradients=given)
        assert "db1 is one number" in " ".join(compared.notes)
        assert {row.name for row in compared.rows if not row.ok} == {f"b{l}" for l in range(1, depth + 1)}
        assert microbp.diagnose(model, given, X, case.Y).mistakes == ("bias-summed-over-neurons",)
    if depth > 1:
        with pytest.raises(ShapeError, match=r"for each of the \d layers, got 1"):
            microbp.compare(model, X, case.Y, gradients=(dW[:1], db[:1]))


def test_unknown_names_say_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown gradient: 'dX1'.*did you mean"):
        microbp.compare(MODEL, X, Y, gradients={"dX1": dW[0]})
    with pytest.raises(UnknownNameError, match=r"unknown order: 'row'.*did you mean 'rows'"):
        microbp.compare(MODEL, X, Y, gradients=[0.0] * 26, order="row")


def test_a_loose_reading_takes_reversed_arrays():
    (reading,) = read_gradients(CASE, {"dW": dW[::-1], "db": db[::-1]}, loose=True)
    assert isinstance(reading, Answer)
    assert reading.select("dW1", TRUTH["dW1"]) is None


def write_npz(path):
    np.savez(path, dW1=dW[0], dW2=dW[1], db1=db[0], db2=db[1])


def write_json(path):
    path.write_text(json.dumps({"dW": [g.tolist() for g in dW], "db": [g.tolist() for g in db]}))


def write_csv(path):
    rows = [["dW1", *row] for row in dW[0].tolist()] + [["db1", *db[0].tolist()]]
    path.write_text("name,values\n" + "\n".join(",".join(map(str, row)) for row in rows))


def write_mat(path):
    cells = np.empty((1, 2), dtype=object)
    cells[0] = dW
    scipy_io.savemat(path, {"dW": cells, "db1": db[0], "db2": db[1]})


@pytest.mark.parametrize("write", [write_npz, write_json, write_csv, write_mat])
def test_every_kind_of_file_is_read(write, tmp_path):
    path = tmp_path / f"mine.{write.__name__.removeprefix('write_')}"
    write(path)
    assert microbp.compare(MODEL, X, Y, gradients=path).ok
    assert not microbp.compare(MODEL, X, Y + 1, gradients=str(path)).ok


def test_a_csv_of_numbers_is_a_vector_or_a_matrix(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1\n2\n3\n")
    assert load_gradients(path) == [1.0, 2.0, 3.0]
    for text in ('"w[1][0,2]",0.5\n', "w[1][0,2];0.5\n", "name; value\n\n w[1][0,2]; 0,5"):
        path.write_text(text)
        assert load_gradients(path) == {"w[1][0,2]": 0.5}
    path.write_text("dW1;0,1;0,2\ndW1;0.3;4\n")
    assert load_gradients(path) == {"dW1": [[0.1, 0.2], [0.3, 4.0]]}
    path.write_text("w6;1\nw5;1.234,5")
    with pytest.raises(ProblemError, match=r"'1\.234,5' stands where a number should"):
        load_gradients(path)


@pytest.mark.parametrize("ending", ["csv", "txt"])
@pytest.mark.parametrize(
    "text",
    [
        "w5,w6\n0.08,0.09\n",
        "w5;w6\n\n0,08;0,09",
        "w5\tw6\r\n0.08\t0,09",
        ",w5,w6\n0,0.08,0.09",
        ";w5;w6\nmine;0.08;0.09",
        "w5\t0,08\nw6\t0.09",
    ],
)
def test_a_row_of_numbers_has_the_names_above_it(text, ending, tmp_path):
    (tmp_path / f"a.{ending}").write_text(text)
    assert load_gradients(tmp_path / f"a.{ending}") == {"w5": 0.08, "w6": 0.09}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name,value\nw5,0.08", {"w5": 0.08}),
        (",grad\nw5,0.08", {"w5": 0.08}),
        ("dW1,dW1\n1,2", [1, 2]),
        ("dW1\n0.1,0.2", [0.1, 0.2]),
        ("dW1,dW2\n0.1,0.2,0.3", [0.1, 0.2, 0.3]),
        ("dW1 (out, in)\n0.1,0.2", [0.1, 0.2]),
        ("a,b\n1,2\n3,4", [[[1, 2], [3, 4]]]),
    ],
)
def test_a_head_that_names_no_numbers_is_for_people(text, found, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    assert load_gradients(tmp_path / "a.csv") == found


@pytest.mark.parametrize("text", ["dW1:\n0.1, 0.2\n", "dW1 =\n0.1, 0.2", "dW1 =\n[0.1, 0.2]"])
def test_all_numbers_below_one_name_are_its_own(text, tmp_path):
    (tmp_path / "a.txt").write_text(text)
    assert load_gradients(tmp_path / "a.txt") == {"dW1": [0.1, 0.2]}


@pytest.mark.parametrize(("name", "content"), [("a.npz", b"no"), ("a.json", b"{"), ("a.csv", b""), ("a.txt", b"?")])
def test_a_file_that_cannot_be_read_is_an_error(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ProblemError, match="cannot read gradients from"):
        load_gradients(tmp_path / name)


def test_a_pickle_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", dW=np.array([{}], dtype=object))
    with pytest.raises(ProblemError, match=r"it holds objects, for example lists.* save each by its name, dW1"):
        load_gradients(tmp_path / "a.npz")


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(
    arrays=st.dictionaries(
        st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,30}", fullmatch=True),
        hypothesis_numpy.arrays(
            st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "c16"]),
            hypothesis_numpy.array_shapes(min_dims=2, max_dims=3, max_side=4),
        ),
        min_size=1,
        max_size=3,
    ),
    compressed=st.booleans(),
)
def test_a_mat_file_is_read_as_scipy_wrote_it(arrays, compressed):
    file = io.BytesIO()
    scipy_io.savemat(file, arrays, do_compression=compressed)
    found = READERS[".mat"](file.getvalue())
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array, equal_nan=True)


def test_a_function_is_found_and_gets_copies():
    assert find_function("microbp.vectorized:forward").__name__ == "forward"
    for name, said in (
        ("no_such_module:f", "cannot import"),
        ("forward", "module:name"),
        ("mine.py:f", "not by a file: write mine:f"),
        ("./sub/mine:f", "not by a file: write mine:f"),
        ("json:dump_s", "did you mean"),
    ):
        with pytest.raises(ProblemError, match=said):
            find_function(name)

    def greedy(weights, biases, X, Y):
        found = loss_and_gradients(weights, biases, X, Y, activation="tanh")
        weights[0][:] = 0
        return found

    assert microbp.compare(MODEL, X, Y, gradients=greedy).loss == CASE.truth[0]
    assert microbp.compare(MODEL, X, Y, gradients=greedy).ok


@pytest.mark.parametrize(
    "junk",
    [
        *(
            {"dW": 5},
            {"dW": [[1, 2], [3]]},
            {"dW": [None, None]},
            {},
            [[]],
            np.array(3.0),
            3.0,
            {"dW": "abc"},
            (1, 2, 3),
        ),
        *({1: 2}, {"dW1": dW[0] * 1j}, np.array([1j] * 26), np.array([{}]), {"flat": None}, {1}, [None] * 4, [{}, {}]),
    ],
    ids=repr,
)
def test_what_is_no_gradient_is_refused_with_a_reason(junk):
    for refuse in (microbp.compare, microbp.diagnose):
        with pytest.raises((ShapeError, UnknownNameError)):
            refuse(MODEL, X=X, Y=Y, gradients=junk)


def test_what_numpy_takes_for_an_array_is_one():
    class Tensor:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return self.array

    assert microbp.compare(MODEL, X, Y, gradients={"dW": [Tensor(g) for g in dW]}).ok


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dW2": [[1, 2], [3, 4]], "w5": 0.08216704056}, "dW2 and w5 both"),
        ({"w5": 0.08216704056, "dW2": [[1, 2], [3, 4]]}, "w5 and dW2 both"),
        ({"w5": 0.1, "dw5": 0.1}, "w5 and dw5 both"),
        ({"dW2": [[1, 2], [3, 4]], "W2": [[1, 2], [3, 4]]}, "dW2 and W2 both"),
        ({"dW": [None, [[1, 2], [3, 4]]], "dW2": [[1, 2], [3, 4]]}, "dW and dW2 both"),
        ({"Theta1": [[1, 2, 3], [4, 5, 6]], "db1": [1, 2]}, "Theta1 and db1 both"),
        ({"b1": 0.1, "db1": [0.1, 0.2]}, "b1 and db1 both"),
    ],
)
def test_what_is_given_twice_is_an_error(given, said):
    with pytest.raises(ShapeError, match=said):
        microbp.compare(microbp.load("w1-w8"), gradients=given)


TWO = [("a", float), ("b", float)]
NO_NUMBERS = {
    "a mask hides": np.ma.array([[1.0, 2.0]], mask=[[False, True]]),
    r"datetime64\[D\] is not a kind": np.array([["2020-01-01", "2020-01-02"]], dtype="datetime64[D]"),
    r"timedelta64\[s\] is not a kind": np.array([[1, 2]], dtype="timedelta64[s]"),
    "is not a kind": np.array([[(1.0, 2.0), (3.0, 4.0)]], dtype=TWO),
    "<U1 is not a kind": np.array([["1", "2"]]),
    "complex|real": np.array([[1.0, 2j]]),
    "datetime|real": np.array([[np.datetime64("2020-01-01")] * 2], dtype=object),
}


@pytest.mark.parametrize("said", NO_NUMBERS)
def test_what_numpy_would_make_numbers_of_is_refused(said):
    junk, model = NO_NUMBERS[said], nn.MLP(2, [1], seed=1)
    said = said.replace("a mask hides", "a mask(ed array)? hides")
    for judge in (
        lambda: microbp.compare(model, [[0.5, 1.0]], [[1.0]], gradients={"dW1": junk}),
        lambda: microbp.diagnose(model, [junk, [1.0]], [[0.5, 1.0]], [[1.0]]),
        lambda: microbp.first_divergence(model, {"dW1": junk}, [[0.5, 1.0]], [[1.0]]),
        lambda: microbp.compare(model, junk, [[1.0]]),
        lambda: microbp.compare(model, junk.ravel(), [[1.0]]),
        lambda: microbp.compare(nn.MLP(1, [2], seed=1), [[1.0]], junk),
        lambda: nn.MLP.from_arrays([junk], [[0.0]]),
        lambda: nn.MLP.from_arrays([[[1.0], [2.0]]], junk),
    ):
        with pytest.raises((ShapeError, OperandError), match=said):
            judge()
    plain = np.ma.array([[1.0, 2.0]], mask=False)
    assert microbp.compare(model, plain, [[1.0]]).ok


@pytest.mark.parametrize(
    "end", ["dW1,{0},{1}\ndb1,{2}\n", "dW1;{0};{1}\ndb1;{2}\n", "dW1,{0},{1}\n", "b1,{2}\nW1,{0},{1}\n"]
)
def test_a_csv_of_a_network_with_one_output_is_read(end, tmp_path):
    for sizes in ([1], [2, 1]):
        model = nn.MLP(2, sizes, activation="tanh", seed=4)
        right = exercise_of(model, X[:, :2], X[:, :1]).truth[1]
        l = len(sizes)
        text = end.replace("W1", f"W{l}").replace("b1", f"b{l}").format(*right[f"dW{l}"][0], right[f"db{l}"][0])
        (tmp_path / "mine.csv").write_text(text)
        assert microbp.compare(model, X[:, :2], X[:, :1], gradients=tmp_path / "mine.csv").ok
        assert not microbp.compare(model, X[:, :2], X[:, 1:2], gradients=tmp_path / "mine.csv").ok


@pytest.mark.parametrize("text", ['{{"w5": {0}, "w5": {1}}}', '{{"w5": {0}, "w5": {0}}}', '[{{"w5": {0}, "w5": {1}}}]'])
def test_a_json_file_that_gives_a_name_twice_is_refused(text, tmp_path):
    (tmp_path / "mine.json").write_text(text.format(0.1, 0.082167041))
    for judge in (microbp.compare, microbp.diagnose):
        with pytest.raises(ProblemError, match="several values called 'w5': give each once"):
            judge(microbp.load("w1-w8"), gradients=tmp_path / "mine.json")


def test_a_function_without_a_loss_may_return_none_for_it():
    assert loss_apart((None, [[[1.0]]], [[2.0]]))[0] is None


def test_the_grads_of_the_parameters_in_their_order_are_a_layout():
    model = nn.MLP(3, [4, 2], activation="tanh", seed=3)
    X, Y = np.linspace(-1, 1, 6).reshape(2, 3), np.eye(2)
    microbp.losses.batch_loss(model, X, Y, "squared_error", 0.0).backward()
    grads = [p.grad for p in model.parameters()]
    assert microbp.diagnose(model, grads, X, Y, loss="squared_error").details["order"] == "neurons"
    assert microbp.compare(model, X, Y, gradients=grads, loss="squared_error").ok
