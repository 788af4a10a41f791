"""The door: what `import microbp` gives, and what it does not load."""

import ast
import importlib.util
import inspect
import subprocess
import sys
from types import ModuleType

import pytest

import microbp
from microbp import Value
from microbp.errors import OperandError
from tests import ROOT

SOURCE = ast.parse((ROOT / "microbp" / "__init__.py").read_text("utf-8"))
LEFT_TO_OTHERS = ("matplotlib", "scipy", "sklearn", "PIL", "pygraphviz", "tqdm", "IPython")


def loaded_by(statement):
    command = [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_editors_see_what_is_there_at_run_time():
    checked = next(node for node in SOURCE.body if isinstance(node, ast.If))
    seen = {(node.module, alias.name) for node in checked.body for alias in node.names}
    homes = {(f"microbp.{module}", name) for module, names in microbp._HOMES.items() for name in names.split()}
    modules = {("microbp", name) for name in microbp.__all__ if isinstance(getattr(microbp, name), ModuleType)}
    assert seen == homes | modules
    assert sorted(name for _, name in seen) == sorted(microbp.__all__)


@pytest.mark.parametrize("what", [None, 1.5, "w1-w8", [Value(1.0)], {}, Value, microbp.nn.MLP(2, [1]), object()])
@pytest.mark.parametrize(
    "call",
    [
        microbp.steps,
        microbp.forward,
        microbp.worksheet,
        microbp.gradcheck,
        microbp.replay,
        microbp.compile,
        microbp.debug,
        lambda what: microbp.page(what, "never.html"),
        microbp.animate,
        microbp.draw,
        lambda what: microbp.paths(what, Value(1.0)),
        lambda what: microbp.gradient(what, Value(1.0)),
    ],
)
def test_what_has_no_graph_is_refused_in_a_line_that_says_what_it_is(call, what):
    if callable(what) and call in (microbp.draw, microbp.gradcheck, microbp.replay, microbp.compile):
        return  # these take networks, or functions
    with pytest.raises(OperandError, match=r"^[^\n]*\bgot [^\n]+$"):
        call(what)


@pytest.mark.parametrize(
    "call",
    [
        lambda problem: microbp.draw(problem, step=3, wrong={"w5": 0.3}),
        lambda problem: microbp.animate(problem, steps=slice(2)),
        lambda problem: microbp.steps(problem).goto(3),
        microbp.forward,
        microbp.worksheet,
        microbp.compile,
        microbp.replay,
    ],
)
def test_a_problem_stands_for_the_root_that_it_makes(call):
    problem = microbp.load("w1-w8")
    one, other = call(problem), call(problem.root())
    if isinstance(one, microbp.Drawing):
        assert one.source == other.source
        assert "0.3" in one.source
    assert type(one) is type(other)


@pytest.mark.parametrize("name", microbp.__all__)
def test_every_public_name_is_there_and_hides_no_module(name):
    found = getattr(microbp, name)
    assert name in dir(microbp)
    if importlib.util.find_spec(f"microbp.{name}"):
        assert inspect.ismodule(found), f"import microbp.{name} must give the module"


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'Valeu'"):
        microbp.Valeu  # noqa: B018  # asking for it is the test


@pytest.mark.slow
def test_importing_microbp_loads_none_of_its_rooms():
    ours = {name for name in loaded_by("import microbp") if name.startswith("microbp.")}
    assert not ours


@pytest.mark.slow
def test_the_engine_needs_only_what_is_below_it():
    found = loaded_by("from microbp.engine import Value")
    rooms = {name.split(".")[1] for name in found if name.startswith("microbp.")}
    assert rooms == {"engine", "formula", "errors", "printing"}


@pytest.mark.slow
@pytest.mark.parametrize("statement", ["from microbp import *", "import microbp.terminal.cli"])
def test_what_few_need_is_loaded_when_it_is_used(statement):
    assert not {name.partition(".")[0] for name in loaded_by(statement)} & set(LEFT_TO_OTHERS)
