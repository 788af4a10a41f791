"""The house: one room a job, imports go down only, and what may not be in it."""

import ast
import sys
from collections import Counter
from functools import cache

import pytest

from tests import ROOT

PACKAGE = ROOT / "microbp"
FLOORS = (
    "errors printing",
    "vectorized datasets",
    "formula",
    "engine",
    "nn losses optim",
    "problems stepping",
    "derivation drawing",
    "comparing training",
    "diagnosis",
    "terminal",
    "__init__",
    "__main__",
)
"""From the ground up. A room imports from itself and from those named before it, on its own floor and below."""
ROOMS = " ".join(FLOORS).split()
APART = {"vectorized", "datasets"}
"""Independent witnesses: they import nothing of ours."""
FILES = {
    str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".").removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
MODULES = sorted(FILES)
STORIES = {
    "drawing.page.test_change",
    "mutants.test_mutants",
    "test_examples",
    "test_site",
    "test_house",
    "test_notebooks",
    "test_readme",
    "test_registry",
    "diagnosis.any_pass.test_passes",
    "diagnosis.any_pass.test_random_programs",
    "comparing.answers.test_hostile_files",
    "diagnosis.test_class",
    "diagnosis.test_forms",
    "diagnosis.test_learners",
    "engine.test_accuracy",
    "engine.test_large",
    "engine.test_machine",
    "terminal.test_languages",
    "terminal.test_texts",
    "engine.test_micrograd",
    "engine.test_special_values",
    "fuzz.test_fuzz",
    "problems.test_builtin",
    "test_vectorized",
}
"""Tests that stand for no module: what people write, read, or know from elsewhere."""


@cache
def tree(path):
    return ast.parse(path.read_text("utf-8"))


def room(module):
    return module.partition(".")[0] or "__init__"


@cache
def imported(path):
    """(line, module) for each import of ours in a file, wherever it stands: under `if TYPE_CHECKING` too."""
    found = []
    for node in ast.walk(tree(path)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: import from microbp by its whole name, not relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.partition(".")[0] == "microbp":
                inner = name.removeprefix("microbp").removeprefix(".")
                found.append((node.lineno, inner if inner in FILES else inner.rpartition(".")[0] or "__init__"))
    return found


def circles():
    """Modules that need each other, each circle once."""
    needs = {module: {found for _, found in imported(FILES[module])} - {module} for module in MODULES}
    reached = {module: set(found) for module, found in needs.items()}
    for middle in MODULES:
        for found in reached.values():
            if middle in found:
                found |= reached[middle]
    return sorted(module for module in MODULES if module in reached[module] and module not in ("__init__", "__main__"))


def test_every_room_is_on_a_floor():
    assert {room(module) for module in MODULES} == set(ROOMS)
    assert len(FLOORS) <= 12
    assert len([entry for entry in PACKAGE.iterdir() if entry.name != "__pycache__"]) <= 20


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module):
    for line, found in imported(FILES[module]):
        above = ROOMS.index(room(found)) > ROOMS.index(room(module))
        assert not above, (
            f"{FILES[module]}:{line}: {room(module)}/ imports {found}, which stands above it. Move what is needed down "
            f"to {room(module)}/ or below, pass it in as an argument, or do the work in {room(found)}/."
        )
        apart = room(module) not in APART or room(found) == room(module)
        assert apart, f"{module} is an independent witness and imports nothing of microbp"


def test_no_two_modules_need_each_other():
    assert not circles(), (
        "cut the circle: let one of them take what it needs as an argument, or split off what both need"
    )


@pytest.mark.parametrize("module", MODULES)
def test_files_can_be_read_at_one_sitting(module):
    assert len(FILES[module].read_text("utf-8").splitlines()) <= 250


def test_a_room_has_four_to_fourteen_files():
    sizes = Counter(str(path.parent.relative_to(PACKAGE)) for path in FILES.values() if path.name != "__init__.py")
    assert all(size <= 14 for size in sizes.values()), sizes


def test_import_needs_only_numpy_and_graphviz():
    outside = set()
    for path in FILES.values():
        for node in tree(path).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            outside |= {name.partition(".")[0] for name in names}
    assert outside - set(sys.stdlib_module_names) == {"numpy", "graphviz", "microbp"}


def test_text_becomes_code_in_one_place_only():
    calls = {
        (name, node.func.id)
        for name, path in FILES.items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("eval", "exec", "compile")
    }
    assert calls == {("formula.compiled", "exec"), ("formula.compiled", "compile")}


def classes():
    """Every class of ours by its name, with the names of its bases and its methods."""
    return {
        node.name: (
            [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases],
            {method.name: method for method in node.body if isinstance(method, ast.FunctionDef)},
        )
        for path in FILES.values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }


def test_every_public_method_says_what_it_does_where_it_is_declared():
    found = classes()

    def declared(name, bases):
        return any(base in found and (name in found[base][1] or declared(name, found[base][0])) for base in bases)

    silent = [
        f"{owner}.{name}"
        for owner, (bases, methods) in found.items()
        for name, method in methods.items()
        if not (owner.startswith("_") or name.startswith("_") or ast.get_docstring(method) or declared(name, bases))
    ]
    assert not silent


def test_each_file_of_tests_is_named_after_the_module_that_it_tests():
    tests = {
        str(path.relative_to(ROOT / "tests").with_suffix("")).replace("/", ".")
        for path in (ROOT / "tests").rglob("test_*.py")
    }
    astray = {name for name in tests - STORIES - {"test_init"} if name.replace("test_", "") not in FILES}
    assert not astray, "name it after its module, in the folder of the same name; or it is a story, see above"


@pytest.mark.parametrize("module", MODULES)
def test_no_conditional_expression_has_three_arms(module):
    for node in ast.walk(tree(FILES[module])):
        arms = [node.body, node.orelse] if isinstance(node, ast.IfExp) else []
        assert not any(isinstance(arm, ast.IfExp) for arm in arms), (
            f"{FILES[module]}:{node.lineno}: say it in two statements, or look it up in a table"
        )


COMMANDS = {"add_options", "run", "main"}
"""What each command has."""
SECOND_DERIVATION = {"forward", "softmax"}
"""Of `microbp.vectorized`, which shares nothing with the rest, a name neither."""


def test_no_two_public_things_have_one_name():
    found = Counter(
        node.name
        for path in FILES.values()
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    )
    twice = {name for name, count in found.items() if count > 1}
    assert twice <= COMMANDS | SECOND_DERIVATION, "say in its name which of the two it is"
