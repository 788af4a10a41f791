import decimal
import json
import math
import shutil
import subprocess
from decimal import Decimal

import numpy as np
import pytest

import microbp
from microbp.drawing.page.code import row_of, rows_source
from microbp.drawing.page.page import _data
from microbp.drawing.page.parts import _file
from microbp.drawing.page.sentences import PageSentences
from microbp.engine import OPS, Constant, Value, apply
from microbp.engine.ops import FAMILIES
from microbp.formula.javascript import helpers
from microbp.printing import decimals, factor, number_text
from microbp.stepping.guesses import IDEAS
from microbp.stepping.stepper import Stepper
from tests.conftest import need

PAGE = """
const text = require("fs").readFileSync(0, "utf-8").split("\\n");
globalThis.document = { getElementById: () => ({ textContent: text[0] }) };
PARTS
console.log(JSON.stringify(JSON.parse(text[1]).map((given) => {
  leaves.forEach((k, place) => { values[k] = Number(given[place]); });
  compute();
  return [Array.from(values, String), Array.from(grads, String)];
})));
"""
RUN = """
const given = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const bits = (x) => Buffer.from(new Float64Array([x]).buffer).toString("hex");
console.log(JSON.stringify(given.map((cases, k) => cases.map((x) => {
  const numbers = x.map(Number), out = rows[k].forward(numbers);
  return [out, ...rows[k].partials(numbers, out)].map(bits);
}))));
"""
SAME = {"add", "sub", "mul", "div", "neg", "abs", "sqrt", "relu", "leaky_relu", "max", "min", "identity", "where"}
SAME |= {"sign", "floor", *FAMILIES}
"""What the two languages compute by the same arithmetic."""
CLOSE = {"exp", "log", "expm1", "sigmoid", "tanh", "elu", "softplus", "silu", "logaddexp"}
"""What activations and losses are made of: the page rounds exp and log as they should be, C nearly always. Elsewhere
each has its own functions, within an ulp of the truth."""
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    3.0,
    -37.0,
    -36.5,
    40.0,
    700.0,
    -745.0,
    1e-310,
    1e300,
    -1e-9,
    math.inf,
    -math.inf,
]


def node():
    program = shutil.which("node")
    need(program is not None, "node")
    return program


def run(program, text=""):
    done = subprocess.run([node(), "-e", program], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_python(row, inputs):
    with microbp.errstate("ignore"):
        out = apply(row, tuple(map(Value, inputs)))
        return [out.data, *row.local(out)]


def numbers_for(row, rng):
    """A thousand lists of inputs: usual ones, large and small ones, and those where something happens."""
    wide = rng.normal(size=(900, row.arity)) * 10.0 ** rng.integers(-2, 3, size=(900, 1))
    return wide.tolist() + rng.choice(SPECIAL, size=(100, row.arity)).tolist()


@pytest.mark.slow
def test_each_row_as_javascript_gives_what_it_gives_as_python():
    rng = np.random.default_rng(1)
    rows = [*OPS.values(), *(FAMILIES[name].row(n) for name in FAMILIES for n in (2, 7))]
    given = [numbers_for(row, rng) for row in rows]
    text = json.dumps([[list(map(repr, x)) for x in cases] for cases in given]).replace("inf", "Infinity")
    found = run(f"{helpers()}\n{rows_source([row_of(row) for row in rows])}\n{RUN}", text)
    for row, cases, results in zip(rows, given, found, strict=True):
        got = np.frombuffer(bytes.fromhex("".join(x for result in results for x in result))).reshape(len(cases), -1)
        expected = np.array([by_python(row, inputs) for inputs in cases])
        scale = np.maximum(np.abs(expected), row.name == "gelu")  # whose slope has a zero
        with np.errstate(all="ignore"):
            near = np.abs(got - expected) <= 1e-15 * scale
        same = (got == expected) & (np.signbit(got) == np.signbit(expected)) | np.isnan(got) & np.isnan(expected)
        right = same if (row.family or row.name) in SAME else same | (got == expected) | near
        assert right.all(), (row.name, [cases[k] for k in np.flatnonzero(~right.all(axis=1))[:3]])
        assert row.name not in CLOSE or same.all(axis=1).mean() > 0.99, row.name


@pytest.mark.parametrize("name", ["exp", "log"])
def test_exp_and_log_of_the_page_are_rounded_once(name):
    rng = np.random.default_rng(5)
    near_one = 1 + rng.normal(size=200) * 10.0 ** rng.integers(-16, 0, size=200)
    numbers = [*rng.normal(size=300), *rng.uniform(-700, 700, size=300), 709.78, -708.3, 1e-17, -5e-324]
    numbers = [*np.abs(numbers), *near_one, 1e-310, 5e-324, 1.7e308] if name == "log" else numbers
    text = json.dumps([repr(float(x)) for x in numbers])
    ask = 'console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf-8")).map(Number).map(real.NAME)))'
    found = run(f"{helpers()}\n{ask.replace('NAME', name)}", text)
    with decimal.localcontext(prec=60):
        exact = [Decimal(float(x)).ln() if name == "log" else Decimal(float(x)).exp() for x in numbers]
    assert [float(x) for x in found] == [float(x) for x in exact]
    ends = {"exp": "NaN Infinity 0 1 1 Infinity 0", "log": "NaN Infinity NaN -Infinity -Infinity 6.684611727667927 NaN"}
    ask = f'console.log(JSON.stringify([NaN, Infinity, -Infinity, 0, -0, 800, -800].map(real.{name}).join(" ")))'
    assert run(f"{helpers()}\n{ask}") == ends[name]


def every_operation():
    """A sum of every operation of the table, where each is defined; with constants, and inputs that are used often."""
    rng = np.random.default_rng(3)
    x, y = Value(0.4, label="x"), Value(0.7, label="y")
    terms = [apply(row, tuple([x, y, x + y][: row.arity])) for row in OPS.values() if row.name != "arccosh"]
    terms += [apply(FAMILIES["affine"].row(2), (x, y, y, x, x)), (x + 2.0).arccosh(), x**2, 2.0**x, 1 / x]
    return microbp.total(Value(w) * term for w, term in zip(rng.normal(size=len(terms)), terms, strict=True))


def problem_root(name):
    return lambda: microbp.load(name).root()


@pytest.mark.parametrize(
    ("make", "equal"),
    [*((problem_root(name), 0.999) for name in ("w1-w8", "chain", "xor", "deep")), (every_operation, 0.9)],
)
def test_the_page_computes_what_python_computes(make, equal):
    root = make()
    rows, data = _data(Stepper(root), None, PageSentences())
    nodes = [node for node in root.graph() if not isinstance(node, Constant)]
    leaves = [node for node in nodes if node.op is None]
    rng, replay = np.random.default_rng(2), microbp.replay(root)
    given = [[leaf.data * rng.uniform(0.5, 1.3) for leaf in leaves] for _ in range(20)]
    parts = "\n".join([helpers(), rows_source(rows), _file("data.js")])
    found = run(PAGE.replace("PARTS", parts), f"{json.dumps(data)}\n{json.dumps([list(map(repr, x)) for x in given])}")
    same = []
    for numbers, both in zip(given, found, strict=True):
        for leaf, number in zip(leaves, numbers, strict=True):
            leaf.data = number
        replay.forward()
        root.zero_grad()
        root.backward()
        expected = np.array([[node.data for node in nodes], [node.grad for node in nodes]])
        np.testing.assert_allclose(np.array(both, dtype=float), expected, rtol=1e-15 / (1 - equal), atol=1e-16)
        same.append(np.array(both, dtype=float) == expected)
    assert np.mean(same) >= equal


def test_numbers_are_written_as_python_writes_them():
    rng = np.random.default_rng(4)
    numbers = [*SPECIAL, math.nan, 0.0009765625, 2.5**-9, 1234.5, 999999.5, 99995.0, 0.00099995, 1e22, 123456789.5]
    numbers += (rng.normal(size=900) * 10.0 ** rng.integers(-12, 12, size=900)).tolist()
    numbers += (rng.integers(-4000, 4000, size=400) / 1024).tolist()  # ties among them
    text = """
const given = JSON.parse(require("fs").readFileSync(0, "utf-8")).map(Number);
console.log(JSON.stringify(given.map((x) => [numberText(x), decimals(x), factor(x)])));"""
    found = run(_file("numbers.js") + text, json.dumps(list(map(repr, numbers))).replace("inf", "Infinity"))
    assert found == [[number_text(x), decimals(x), factor(x)] for x in numbers]


def test_every_wrong_idea_has_its_number_in_the_page():
    found = run(_file("quiz.js") + "\nconsole.log(JSON.stringify(Object.keys(IDEAS)))")
    assert found == [idea.code for idea in IDEAS]
