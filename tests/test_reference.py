from pathlib import Path

from microbp import reference

README = Path(__file__).parent.parent / "README.md"


def test_readme_has_the_current_table():
    text = README.read_text("utf-8")
    table = text.partition("<!-- ops -->\n")[2].partition("\n<!-- /ops -->")[0]
    assert table == reference.markdown(), "run `make docs`"


def test_readme_names_only_files_that_exist():
    for line in README.read_text("utf-8").split("](")[1:]:
        target = line.partition(")")[0]
        if not target.startswith("http"):
            assert (README.parent / target).exists(), target
