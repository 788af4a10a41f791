import pytest

import microbp
from microbp.errors import GraphError
from microbp.problems import builtin_names
from microbp.stepping.worksheet import worksheet
from microbp.terminal.cli import main

BEARABLE = [name for name in builtin_names() if name != "digits"]


def number(text):
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("name", BEARABLE)
def test_a_sheet_is_its_answers_without_the_numbers(name):
    problem = microbp.load(name).showing(1)
    blank, filled = worksheet(problem), worksheet(problem, answers=True)
    root = problem.root()
    root.backward()
    *_, backward, descent = filled.parts
    for row in descent.rows:
        leaf = problem.find(row[0])
        assert number(row[2]) == pytest.approx(leaf.grad, abs=6e-10)
        assert number(row[3]) == pytest.approx(leaf.data - problem.training.learning_rate * leaf.grad, abs=2e-9)
    for _, _, upstream, local, product, _ in backward.rows:
        assert number(product) == pytest.approx(number(upstream) * number(local.rpartition("= ")[2]), abs=2e-8)
    assert blank.parts[0] == filled.parts[0]
    for empty, full in zip(blank.parts[1:], filled.parts[1:], strict=True):
        kept = {"", "formula", "chain rule", "before"}
        for row, answer in zip(empty.rows, full.rows, strict=True):
            for cell, right, head in zip(row, answer, full.head, strict=True):
                assert cell == (right if head in kept or right == "—" else "")


def test_what_is_none_to_fill_in_by_hand_is_refused():
    for name, smaller in (("digits", "a smaller network"), ("matrix-form", "fewer samples")):
        with pytest.raises(GraphError, match=f"too long to fill in by hand .* take {smaller}"):
            worksheet(microbp.load(name))


def test_the_command_writes_both_sheets(tmp_path, capsys, a_renderer):
    sheet, answers = tmp_path / "sheet.html", tmp_path / "answers.md"
    assert main(["worksheet", "w1-w8", "-o", str(sheet), "--answers", str(answers)]) == 0
    page, key = sheet.read_text("utf-8"), answers.read_text("utf-8")
    assert page.count("<svg") == page.count("<h1>") == 1
    assert "0.082167041" not in page
    assert "0.298371109" not in page
    assert "| w5 | 0.4 | 0.082167041 | 0.358916480 |" in key
    assert main(["worksheet", "(w*x - y)**2", "w=2", "x=3", "y=1"]) == 0
    assert "| w | 2 |  |" in capsys.readouterr().out
    assert main(["worksheet", "w1-w8", "-o", str(sheet), "--answers", str(sheet)]) == 2
    assert main(["worksheet", "w1-w8", "-o", str(tmp_path / "sheet.pdf")]) == 2
