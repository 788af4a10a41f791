import json
import math
import shutil
import subprocess

import numpy as np

import microbp
from microbp.drawing.page.code import row_of, rows_source
from microbp.engine import OPS, Value, apply
from microbp.engine.ops import FAMILIES
from microbp.formula.javascript import helpers
from tests.conftest import need

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
"""What the two languages compute by the same arithmetic. Elsewhere each has its own exp, within an ulp of the truth."""
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
