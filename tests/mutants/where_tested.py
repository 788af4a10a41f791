"""Which tests are to notice a change in a module."""

from tests import ROOT

ENGINE = tuple(
    f"engine/test_{name}.py" for name in ("ops", "methods", "special_values", "value", "machine", "ieee", "order")
)
STEPS = tuple(f"stepping/test_{name}.py" for name in ("questions", "guesses", "samples", "worksheet"))
MODULES = {
    "formula.language": ("formula/test_dialects.py", *ENGINE),
    "formula.dialects": ("formula/test_language.py", *ENGINE),
    "formula.compiled": ("formula/test_language.py", "formula/test_dialects.py", *ENGINE),
    "engine.ops": (*ENGINE, "engine/test_accuracy.py::test_the_digits_that_the_textbook_formula_loses_are_there"),
    "engine.row": ENGINE,
    "engine.families": (*ENGINE, "engine/test_accuracy.py", "engine/test_large.py"),
    "engine.methods": (*ENGINE, "engine/test_replay.py"),
    "engine.ieee": ENGINE,
    "engine.order": ENGINE,
    "engine.value": (*ENGINE, "engine/test_micrograd.py", "engine/test_large.py"),
    "engine.copying": ("engine/test_large.py", "engine/test_micrograd.py", *ENGINE),
    "engine.operands": ENGINE,
    "vectorized.checks": ("test_vectorized.py",),
    "vectorized.functions": ("test_vectorized.py", "test_registry.py"),
    "vectorized.passes": ("test_vectorized.py",),
    "losses.rows": (
        "test_losses.py",
        "test_registry.py",
        "test_vectorized.py",
        "stepping/test_samples.py",
        "derivation/test_backprop.py::test_every_loss_has_its_row_and_its_derivative_is_that_of_vectorized",
    ),
    "losses.sums": ("test_losses.py", "test_registry.py", "test_vectorized.py", "stepping/test_samples.py"),
    "stepping.step": ("stepping/test_stepper.py", "stepping/test_paths.py", "stepping/test_sentences.py", *STEPS),
    "stepping.stepper": STEPS,
    "stepping.paths": (),
    "comparing.rounding": ("comparing/test_gradcheck.py",),
    "comparing.differences": ("comparing/test_gradcheck.py",),
    "comparing.gradcheck": (),
    "comparing.noise": ("comparing/test_precision.py",),
    "comparing.precision": (
        "diagnosis/test_verdict.py",
        "diagnosis/search/test_search.py::test_digits_speak_for_a_choice_if_two_more_are_right",
    ),
    "comparing.assumptions": ("diagnosis/test_verdict.py",),
    "derivation.calls": ("diagnosis/test_followed.py", "derivation/test_notation.py"),
    "derivation.backprop": (
        "derivation/test_notation.py",
        "diagnosis/search/test_edits.py",
        "diagnosis/search/test_search.py",
        "diagnosis/test_diagnose.py",
    ),
    "diagnosis.verdict": ("diagnosis/test_compare.py",),
    "diagnosis.compare": ("diagnosis/test_verdict.py",),
    "diagnosis.first_wrong": (
        "diagnosis/test_verdict.py::test_what_no_loss_was_said_for_is_right_for_another_in_every_way",
    ),
    "diagnosis.search.screen": (),
    "diagnosis.search.shapes": ("diagnosis/search/test_screen.py",),
    "diagnosis.search.search": ("diagnosis/test_diagnose.py", "comparing/test_precision.py"),
    "printing.numbers": ("stepping/test_sentences.py",),
    "printing.tables": (),
    "printing.files": (),
    "printing.threads": (),
}
"""What is mutated, and its tests that are not named after it: what has none of its own is tested through others."""


def held_by(module: str) -> list[str]:
    """The doctests of a module, the tests that are named after it, and the others: paths below the root."""
    path = f"{module.replace('.', '/')}.py"
    room, _, name = path.rpartition("/")
    own = f"tests/{room}/test_{name}".replace("//", "/")
    named = [own] if (ROOT / own).exists() else []
    return [f"microbp/{path}", *named, *(f"tests/{other}" for other in MODULES[module])]
