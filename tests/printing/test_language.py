import ast
import contextvars
import re
import string
import threading
import tomllib
from functools import cache

import pytest

from microbp.comparing import gradcheck, quizzes
from microbp.comparing.answers.flat import ORDERS
from microbp.comparing.comparison import _WORDS, HEAD
from microbp.derivation.formulas import lost_parts
from microbp.derivation.general.notations import NOTATIONS
from microbp.derivation.general.table import TABLE
from microbp.derivation.tree import OF_ALL, REDUCED
from microbp.diagnosis import grading
from microbp.diagnosis.any_pass.report import WORDS as VERDICTS
from microbp.diagnosis.by_hand.slips import EARLY, FACTOR, MISSING_PATH, OVERWRITTEN, SIGN, SLIPS
from microbp.diagnosis.explanation import _IN_WORDS, _MADE, _STAGE, _START
from microbp.diagnosis.mistakes import ANOTHER, MISTAKES
from microbp.diagnosis.search.likely_factors import OF_M, OF_N, OF_P
from microbp.diagnosis.strength.strength import UNSEEN
from microbp.diagnosis.strength.what_hides import STRUCTURES
from microbp.diagnosis.text import LEGEND
from microbp.diagnosis.verdict import IN_PRECISION
from microbp.drawing.levels import FOLDED
from microbp.drawing.page.parts import page_words
from microbp.drawing.palette import SHAPES
from microbp.engine.ops import FAMILIES, OPS
from microbp.errors import UnknownNameError
from microbp.losses import LOSSES
from microbp.nn.layout import LAYOUT_WORDS
from microbp.printing import language, language_now, languages, say, word
from microbp.printing.language import ENGLISH, VARIABLE, part
from microbp.problems import as_network, builtin_names, load, titles
from microbp.problems.schema import SCHEMA
from microbp.problems.settings import ENGINES, UPDATES
from microbp.stepping.guesses import IDEAS
from microbp.stepping.worksheet import HEADS
from microbp.terminal.commands import demo, ops
from microbp.terminal.debugger import Debugger
from microbp.terminal.quiz import Quiz
from microbp.training import conventions
from microbp.training.deviations import alternatives
from microbp.training.sweep import BATCHES
from tests import ROOT

PACKAGE = ROOT / "microbp"
OTHERS = [name for name in languages() if name != ENGLISH]
WORDS = re.compile(r"(?<![\w{:])[a-z]{4,}(?![\w}(])")
"""An English word among formulas: what stands in braces, and what is called, are names."""
LAYERS = {"output layer", "layer {}", "neuron {}"}
"""What `nn` calls its boxes."""


def data():
    """Every text that stands in a table and goes through `word`."""
    for shell in (Debugger, Quiz):
        yield shell.hint
        yield from (getattr(shell, name).__doc__ for name in dir(shell) if name.startswith("do_") and name != "do_EOF")
    yield from (idea.sentence for idea in IDEAS)
    yield from (row.rule for row in (*OPS.values(), *FAMILIES.values()) if row.rule)
    yield from (row.accuracy for row in (*OPS.values(), *(f.row(2) for f in FAMILIES.values())) if row.accuracy)
    yield from ops.HEAD
    yield from (key.about for keys in SCHEMA.values() for key in keys.values())
    yield from (SCHEMA[""]["title"].example, SCHEMA["names"]["layers"].example)
    yield from (run.words for run in demo._RUNS)
    yield from titles().values()
    layers = (name for each in map(load, builtin_names()) for name in (each.names and each.names.layers) or ())
    yield from (name for name in layers if not name[-1].isdecimal())
    yield from (name for head in HEADS.values() for name in head if name)
    yield from LAYERS
    yield from (*SHAPES, *FOLDED)
    yield from (notation.about for notation in NOTATIONS.values())
    yield from (text for mistake in (*MISTAKES, ANOTHER) for text in (mistake.name, mistake.advice) if text)
    yield from (text for table in (_START, _STAGE, _MADE) for text in table.values())
    yield from (text for sides in _IN_WORDS.values() for text in sides)
    yield from (*IN_PRECISION.values(), *LEGEND.values(), *filter(None, HEAD), *_WORDS.values())
    yield from ("wrong", "right", "WRONG", "graph", "learner")
    yield from (*grading.HEAD, *grading.VERDICTS, *quizzes.HEAD, *quizzes.VERDICTS, *quizzes.MISSED_HEAD)
    yield from (*gradcheck.WORDS.values(), *gradcheck.HEAD, *STRUCTURES, UNSEEN)
    yield from VERDICTS.values()
    yield from (*UPDATES, *ENGINES, conventions.OWN)
    yield from (kind for kind in BATCHES if kind != "own")
    for name in builtin_names():
        for kind, choices in alternatives(as_network(load(name))).items():
            yield from (kind, *(choice for choice in choices if kind != "loss" and WORDS.search(choice)))
    yield from ("trained", "a layer", "a neuron")
    yield from (*LAYOUT_WORDS.values(), *ORDERS.values())
    yield from (slip.sentence for slip in (*SLIPS, OVERWRITTEN, MISSING_PATH, EARLY, SIGN, FACTOR))
    yield from (text for loss in LOSSES.values() for text in lost_parts(loss))
    yield "{} of the probabilities"
    meanings = ", ".join(filter(None, (*OF_P.values(), *OF_M.values(), *OF_N.values())))
    yield from (*meanings.split(", "), "left at 0")
    yield from (f"{along} {said} of …" for along in ("row", "column") for said in REDUCED.values())
    yield from OF_ALL.values()
    for row in TABLE:
        yield row.about
        yield from (text for text in (row.rows, row.columns, row.theta, row.shows[0]) if WORDS.search(text))


@cache
def calls():
    """(place, arguments, fields) of each call of `say`, or of `said`, which says it in parts."""
    return [
        (f"{path}:{node.lineno}", node.args, node.keywords)
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bsa(y|id)\(", text := path.read_text("utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("say", "said")
    ]


def said():
    return {args[0].value for _, args, _ in calls() if isinstance(args[0], ast.Constant)}


def scripts():
    """Every sentence of the page, and those whose fields its scripts put in."""
    html, told = page_words()
    return {*html, *told}


def fields(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_what_is_said_is_a_whole_literal_with_its_fields():
    for place, args, keywords in calls():
        assert len(args) == 1, f"{place}: one template, its fields by name"
        assert isinstance(args[0], ast.Constant), f"{place}: a literal, or no test knows what has to be translated"
        given = {keyword.arg for keyword in keywords}
        if None not in given:
            assert set(fields(args[0].value)) == given, place


@pytest.mark.parametrize("name", OTHERS)
def test_a_catalogue_has_every_sentence_and_no_other(name):
    sections = tomllib.loads((PACKAGE / f"printing/{name}.toml").read_text("utf-8"))
    keys = [key for section in sections.values() for key in section]
    assert len(keys) == len(set(keys)), "a sentence stands in one section"
    wanted = said() | set(data()) | scripts()
    assert sorted(wanted - set(keys)) == [], "missing"
    assert sorted(set(keys) - wanted) == [], "not used"


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_has_the_fields_of_its_sentence(name):
    for section in tomllib.loads((PACKAGE / f"printing/{name}.toml").read_text("utf-8")).values():
        for english, other in section.items():
            if english not in said() | LAYERS:
                continue
            assert set(fields(english)) == set(fields(other)), english
            assert other.strip(), english


def test_english_is_the_sentence_itself():
    assert say("{name} is a leaf", name="w1") == "w1 is a leaf"
    assert word("Right.") == "Right."
    assert part("page") == {}


def test_the_environment_names_the_language_of_a_process(monkeypatch):
    for name in ("zh", "zh_CN.UTF-8", "zh-CN"):
        monkeypatch.setenv(VARIABLE, name)
        assert language_now() == "zh"
    with language("en"):
        assert word("Right.") == "Right."
    monkeypatch.setenv(VARIABLE, "tlh")
    with pytest.raises(UnknownNameError, match=r"unknown language: 'tlh' \(must be one of \['en', 'zh'\]"):
        say("Right.")


def test_a_language_is_that_of_one_thread_and_ends_with_its_block():
    seen = []
    with language("zh"):
        thread = threading.Thread(target=lambda: seen.append(language_now()), daemon=True)
        thread.start()
        thread.join()
        assert contextvars.copy_context().run(language_now) == "zh"
    assert (seen, language_now()) == (["en"], "en")


def test_a_learners_own_words_stay_as_they_are():
    with language("zh"):
        assert word("my {title}") == "my {title}"
        assert re.fullmatch(r"第 3 层", word("layer 3"))
