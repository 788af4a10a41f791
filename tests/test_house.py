"""The house: who may import whom, and what may not be in it."""

import ast
import sys
from pathlib import Path

import pytest

import microbp

PACKAGE = Path(microbp.__file__).parent
FLOORS = """
    terminal
    diagnosis.by_hand diagnosis.strength
    drawing.film drawing.page
    derivation
    training
    comparing
    stepping
    formula
    errors formula.dialects formula.language formula.compiled engine.ops engine.methods engine.operands
    engine.copying engine.ieee printing
    terminal.progress terminal.console
    engine.value engine
    engine.families nn.network nn nn.places nn.arrays losses optim comparing.jacobian comparing.differences
    comparing.gradcheck stepping.names
    vectorized datasets
    nn.initial
    stepping.explain stepping.guesses stepping.stepper derivation.matrices stepping.paths nn.parameter
    derivation.routes derivation.textbook
    derivation.one_weight
    terminal.reference
    drawing.palette drawing.escape drawing.image drawing.style drawing.grouping drawing.folding drawing.levels
    drawing.subgraph
    drawing.heat drawing.moment drawing.scene drawing.cards drawing.dot drawing.drawing
    drawing.film.fixed_layout drawing.film.merge_frames drawing.film.film drawing
    drawing.page.frames drawing.page.page
    problems.settings problems.names problems.network problems.expression problems.schema problems.loading
    problems
    comparing.answers comparing.answers.arrays problems.case comparing.answers.answer comparing.answers.flat
    comparing.answers.read comparing.answers.formats
    comparing.answers.files
    comparing.answers.labelled
    diagnosis derivation.rules derivation.formulas derivation.notation derivation.backprop comparing.precision
    comparing.difference comparing.comparison derivation.quantities comparing.first_wrong
    diagnosis.ways diagnosis.mistake diagnosis.mistakes diagnosis.likely_factors diagnosis.fitting
    diagnosis.factors diagnosis.explanation diagnosis.followed diagnosis.replay diagnosis.pairs
    diagnosis.search
    diagnosis.separating
    diagnosis.strength.what_hides diagnosis.strength.planting diagnosis.strength.strength
    diagnosis.by_hand.slips diagnosis.by_hand.replay
    diagnosis.by_hand.text diagnosis.by_hand.search diagnosis.text diagnosis.unexplained diagnosis.diagnose
    training.backends training.checkpoint training.train training.charts training.film terminal.demo
    training.sweep
    training.conventions
    diagnosis.grading
    __init__ terminal.screen terminal.shell terminal.debugger terminal.quiz
    terminal.commands terminal.commands.output terminal.commands.step terminal.commands.draw
    terminal.commands.train terminal.commands.compare terminal.commands.diagnose
    terminal.commands.grade terminal.commands.conventions terminal.commands.demo terminal.commands.explain
    terminal.commands.gradcheck terminal.commands.ops
    terminal.commands.problems terminal.cli __main__
"""
ORDER = FLOORS.split()
"""Floor by floor, from the ground up: a module imports only from those named before it."""

APART = {"vectorized", "datasets"}
FILES = {
    str(f.relative_to(PACKAGE).with_suffix("")).replace("/", ".").removesuffix(".__init__"): f
    for f in PACKAGE.rglob("*.py")
}


def imported(path):
    """The modules of microbp that a file imports, outside `if TYPE_CHECKING`."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in skipped:
            base = (node.module or "").removeprefix("microbp").removeprefix(".")
            if (node.module or "").partition(".")[0] == "microbp":
                for alias in node.names:
                    inner = f"{base}.{alias.name}".removeprefix(".")
                    yield inner if inner in FILES else base or "__init__"


def test_every_module_has_its_place():
    assert sorted(FILES) == sorted(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_modules_import_only_from_below(module):
    above = set(ORDER[ORDER.index(module) :])
    found = set(imported(FILES[module]))
    assert not found & above, f"{module} imports {found & above}"
    if module in APART:
        assert not found


def test_import_needs_only_numpy_and_graphviz():
    outside = set()
    for path in FILES.values():
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            outside |= {name.partition(".")[0] for name in names}
    assert outside - set(sys.stdlib_module_names) == {"numpy", "graphviz", "microbp"}


def test_text_becomes_code_in_one_place_only():
    calls = {
        (name, node.func.id)
        for name, path in FILES.items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("eval", "exec", "compile")
    }
    assert calls == {("formula.compiled", "exec"), ("formula.compiled", "compile")}
