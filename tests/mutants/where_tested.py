"""Which tests are to notice a change in a module."""

from tests import ROOT

MODULES = {
    "formula.language": ("engine/test_ops.py",),
    "formula.dialects": ("formula/test_language.py", "engine/test_ops.py"),
    "formula.compiled": ("formula/test_language.py", "engine/test_ops.py"),
    "engine.ops": ("engine",),
    "engine.row": ("engine",),
    "engine.families": ("engine",),
    "engine.methods": ("engine",),
    "engine.ieee": ("engine",),
    "engine.order": ("engine",),
    "engine.value": ("engine",),
    "engine.copying": ("engine",),
    "engine.operands": ("engine",),
    "vectorized": (),
    "losses": ("test_vectorized.py",),
    "stepping.step": ("stepping/test_stepper.py", "stepping/test_paths.py"),
    "stepping.stepper": (),
    "stepping.paths": (),
    "comparing.differences": ("comparing/test_gradcheck.py",),
    "comparing.gradcheck": (),
    "comparing.precision": ("comparing/test_comparison.py",),
    "diagnosis.search": ("diagnosis/test_diagnose.py", "comparing/test_precision.py"),
    "printing.numbers": ("printing", "stepping/test_sentences.py"),
    "printing.tables": ("printing",),
    "printing.files": (),
}
"""What is mutated, and the tests of it that are not named after it: what has no test of its own is tested through others."""


def tests_of(module: str) -> list[str]:
    """The doctests of a module, the tests that are named after it, and the others: paths below the root."""
    path = f"{module.replace('.', '/')}.py"
    room, _, name = path.rpartition("/")
    own = f"tests/{room}/test_{name}".replace("//", "/")
    named = [own] if (ROOT / own).exists() else []
    return [f"microbp/{path}", *named, *(f"tests/{other}" for other in MODULES[module])]
