import ast
import re
import runpy
import shlex
import textwrap
from pathlib import Path

import pytest

from microbp.terminal.cli import COMMANDS, main
from tests import ROOT

README = ROOT / "README.md"
REFERENCE = ROOT / "examples" / "reference.md"
MADE = runpy.run_path(str(README.parent / "examples" / "images" / "make.py"))
TABLES = MADE["TABLES"]


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_or_the_reference_has_the_current_table(name):
    (text,) = (text for path in MADE["WITH_TABLES"] if f"<!-- {name} -->" in (text := path.read_text("utf-8")))
    table = text.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]
    assert table == TABLES[name], "run `make gallery`"


def test_what_editors_know_of_a_value_is_the_table():
    assert MADE["DECLARED"].read_text("utf-8") == MADE["declared"](), "run `make gallery`"


@pytest.mark.slow
def test_the_picture_of_the_house_shows_every_room_and_what_it_imports():
    picture = (ROOT / "examples" / "images" / "house.svg").read_text("utf-8").replace("&#45;&gt;", "->")
    titles = re.findall(r"<title>([\w>-]+)</title>", picture)
    rooms = {name for floor in MADE["FLOORS"] for name in floor.split()} - {*MADE["LEFT_OUT"]}
    assert {title for title in titles if "->" not in title} == rooms | {"house"}, "run `make gallery`"
    arrows = {tuple(title.split("->")) for title in titles if "->" in title}
    assert arrows >= set(MADE["needs"]()), "run `make gallery`"


def test_readme_shows_every_command():
    text = README.read_text("utf-8")
    assert [name for name in COMMANDS if f"microbp {name}" not in text] == []


def test_readme_names_only_files_that_exist():
    for path in (*MADE["WITH_TABLES"], ROOT / "CONTRIBUTING.md"):
        for line in path.read_text("utf-8").split("](")[1:]:
            target, _, heading = line.partition(")")[0].partition("#")
            if not target.startswith("http"):
                assert (path.parent / target).exists(), target
                if heading:
                    titles = re.findall("^## (.*)$", (path.parent / target).read_text("utf-8"), re.MULTILINE)
                    assert heading in [title.lower().replace(" ", "-") for title in titles], heading


def test_the_readme_is_a_door():
    text = README.read_text("utf-8")
    assert len(text.splitlines()) < 300
    assert text.index("## Your gradients") < text.index("## Any backward pass") < text.index("## Step by step")


def test_each_promise_names_a_test_that_there_is():
    promises = REFERENCE.read_text("utf-8").partition("## What microbp promises\n")[2].partition("\n## ")[0]
    rows = [row for row in promises.splitlines() if row.startswith("| ")][2:]
    kept = re.findall(r"\| `([\w/]+\.py)::(test_\w+)` \|$", promises, re.MULTILINE)
    assert len(rows) == len(kept) == len({*kept}) >= 15
    for file, test in kept:
        tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
        assert test in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)], f"{file}::{test}"


SESSIONS = [
    (path, block)
    for path in (README, *sorted((ROOT / "examples").glob("*.md")))
    for block in re.findall(r"^    \$ (?:.*\n)(?:(?:    .*)?\n)*?(?=\S|\Z)", path.read_text("utf-8"), re.MULTILINE)
]
"""What pages show of a terminal: commands, each with what follows it; … stands for what is left out."""


@pytest.mark.parametrize(
    ("path", "block"), SESSIONS, ids=lambda x: x.name if isinstance(x, Path) else x[6:30].split("\n")[0]
)
def test_what_a_page_shows_of_a_terminal_is_what_is_printed(path, block, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for session in re.split(r"^\$ ", textwrap.dedent(block), flags=re.MULTILINE)[1:]:
        command, _, shown = session.partition("\n")
        match shlex.split(command):
            case ["cat", name]:
                Path(name).write_text(shown)
            case ["echo", text, ">", name]:
                Path(name).write_text(text)
            case ["microbp", *args]:
                main(args)
                pattern = ".*".join(re.escape(part.strip()) for part in shown.split("…"))
                out = capsys.readouterr().out.strip()
                assert re.fullmatch(pattern, re.sub(" +$", "", out, flags=re.MULTILINE), re.DOTALL), out
            case _:
                raise AssertionError(f"a command that this test does not know: {command}")
