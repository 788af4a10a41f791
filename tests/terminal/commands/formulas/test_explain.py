"""The forms of `explain`, and the Python names of what it does."""

import json

import pytest

import microbp
from microbp.terminal.cli import main

COMMANDS = {
    "explain w1-w8 --weight w5": lambda problem: microbp.explain(problem, "w5"),
    "explain w1-w8 --of out_h1": lambda problem: microbp.explain_value(problem, "out_h1"),
    "explain w1-w8 --weight w2 --notation chain": lambda problem: microbp.explain_in_notation(problem, "w2", "chain"),
    "explain w1-w8 --general --notation vector --columns --index-from 0": lambda problem: microbp.general_formulas(
        problem, "vector", columns=True, index_from=0
    ),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["text", "md", "latex", "html"])
def test_each_form_is_what_python_gives(command, form, capsys):
    page = COMMANDS[command](microbp.load("w1-w8"))
    written = {"text": str, "md": type(page).as_markdown, "latex": type(page).as_latex, "html": type(page).as_html}
    assert main([*command.split(), "--format", form]) == 0
    assert capsys.readouterr().out == written[form](page) + "\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_what_python_gives(command, capsys):
    assert main([*command.split(), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    made = json.loads(json.dumps(COMMANDS[command](microbp.load("w1-w8")).as_dict()))
    assert made in (told["derivations"] if "derivations" in told else [{k: told[k] for k in made}])


def test_a_notation_of_a_value_is_refused(capsys):
    assert main(["explain", "w1-w8", "--of", "out_h1", "--notation", "chain"]) == 2
    assert "leave --notation and its conventions out" in capsys.readouterr().err


def test_data_and_a_page_at_once_are_refused(capsys):
    assert main(["explain", "w1-w8", "--json", "--format", "md"]) == 2
    assert "--json prints data, --format md a page: give one of the two" in capsys.readouterr().out


def test_several_weights_are_one_document(capsys):
    main(["explain", "w1-w8", "--format", "html"])
    text = capsys.readouterr().out
    assert text.count("<html") == text.count("</body>") == 1
    assert text.count("<h1>") == 2
