"""The mutator makes what it says, and its lists speak of what there is."""

import ast
from types import SimpleNamespace

import pytest

from tests import ROOT
from tests.mutants.__main__ import EQUIVALENT, equivalents
from tests.mutants.in_place import function_and_code
from tests.mutants.mutate import mutants
from tests.mutants.order import AT_IMPORT, InOrder, Seen
from tests.mutants.where_tested import MODULES, held_by

pytestmark = pytest.mark.slow


def source(module):
    return (ROOT / "microbp" / f"{module.replace('.', '/')}.py").read_text("utf-8")


@pytest.mark.parametrize("module", [*MODULES][::4])
def test_each_mutant_is_another_module_that_compiles(module):
    same = ast.unparse(ast.parse(source(module)))
    made = [mutant.source for mutant in mutants(source(module))]
    assert same not in made
    assert len(made) > 15
    for text in made[:: max(1, len(made) // 4)]:
        compile(text, module, "exec")


def test_a_formula_written_as_text_is_mutated_as_a_formula():
    assert "`'1 - out ** 2'` → `'1 + out ** 2'`" in [m.change for m in mutants("Op('tanh', ('1 - out ** 2',))")]
    assert not [m for m in mutants("raise_ = 'a text - of words'") if "text" in m.change]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("def f(x: int | None):\n    assert x is not None", set()),
        ("ok = isinstance(x, str | bytes)", set()),
        ("Names = Mapping[str, 'str | Formula']", set()),
        ("if TYPE_CHECKING:\n    from a import b\n    x = 1\nelse:\n    del x", {"`del x` → `pass`"}),
        ("t = '{0} > {1}'", {"`'{0} > {1}'` → `'{0} >= {1}'`"}),
        ("a = [x] + last", {"`[x] + last` → `[x]`", "`[x] + last` → `last`"}),
        (
            "if x:\n    return",
            {"`if x:\n    return` → `if True:\n    return`", "`if x:\n    return` → `if False:\n    return`"},
        ),
        ("if x:\n    raise E", {"`if x:\n    raise E` → `if True:\n    raise E`", "`raise E` → `pass`"}),
    ],
)
def test_what_every_test_would_notice_or_none_is_left_out(code, changes):
    assert {m.change for m in mutants(code)} == changes


def test_what_an_error_says_is_printed_and_that_it_is_raised_is_computed():
    kinds = {m.change: m.prints for m in mutants("def f(x):\n    raise Wrong('a' if x else 'b')")}
    assert kinds == {
        "`raise Wrong('a' if x else 'b')` → `pass`": False,
        "`'a' if x else 'b'` → `'a'`": True,
        "`'a' if x else 'b'` → `'b'`": True,
    }


def test_the_verdict_of_a_check_cannot_be_the_same_each_time_unnoticed():
    changes = [m.change for m in mutants("def __str__(self):\n    return 'a' if self.ok else 'b'")]
    assert {"`'a' if self.ok else 'b'` → `'a'`", "`'a' if self.ok else 'b'` → `'b'`"} <= {*changes}
    assert all(m.prints for m in mutants("class A:\n    def __str__(self):\n        return 'a' + 'b'"))


def test_one_change_in_several_places_is_told_apart():
    changes = [m.change for m in mutants("def f(x):\n    return x < 1 < 2 or x < 1")]
    assert changes.count("`x < 1` → `x <= 1`") == 1
    assert [c for c in changes if c.startswith("`1` → `2`")] == ["`1` → `2` (1 of 2)", "`1` → `2` (2 of 2)"]


@pytest.mark.parametrize(
    ("line", "files", "order"),
    [(1, ["a.py", "b.py"], ["b.py::quick", "a.py::slow"]), (2, [], ["a.py::slow", "c.py::other"]), (3, [], None)],
)
def test_what_runs_a_line_is_asked_first_and_the_others_if_the_import_ran_it_or_no_test(line, files, order):
    seen = {
        AT_IMPORT: Seen(0.1, [2]),
        "a.py::slow": Seen(2.0, [1, 2]),
        "b.py::quick": Seen(1.0, [1]),
        "c.py::other": Seen(0.5, [4]),
    }
    asked = InOrder(range(line, line + 1), seen)
    items = [SimpleNamespace(nodeid=name) for name in seen if name]
    asked.pytest_collection_modifyitems(items)
    every = ["c.py::other", "b.py::quick", "a.py::slow"]
    assert asked.files() == files
    assert [item.nodeid for item in items][:2] == (order or every[:2])
    assert len(items) == (2 if files else 3)


@pytest.mark.parametrize("module", MODULES)
def test_the_held_by_a_module_are_there(module):
    for path, _, test in (held.partition("::") for held in held_by(module)):
        assert test in (ROOT / path).read_text("utf-8"), f"{path} has no {test}"
    assert held_by(module)[1:]


def test_each_mutant_that_changes_nothing_is_one_and_says_why():
    assert EQUIVALENT.read_text("utf-8").count("[[equivalent]]") == len(equivalents()), "a row stands there twice"
    modules = {module for module, _, _ in equivalents()}
    made = {module: {(m.where, m.change) for m in mutants(source(module), whole=False)} for module in modules}
    for (module, where, change), reason in equivalents().items():
        assert (where, change) in made[module], f"{module}: no such mutant any more: {change}"
        assert len(reason) > 20


@pytest.mark.parametrize(
    ("module", "change", "function"),
    [
        ("engine.order", "`len(_walks) > 1` → `len(_walks) >= 1`", "topological_order"),
        ("engine.value", "`return list(found) or [self]` → `return None`", "Value.graph"),
        ("engine.value", "`1.0` → `2.0`", None),  # a default is not in a function's code
        ("engine.order", "`-1` → `1`", None),
    ],
)
def test_a_function_is_changed_where_it_is_loaded_if_only_its_code_differs(module, change, function):
    mutant = next(m for m in mutants(source(module)) if m.change == change)
    found = function_and_code(f"microbp.{module}", mutant, ast.unparse(ast.parse(source(module))))
    assert (found and found[0].__qualname__) == function
