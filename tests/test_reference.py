import runpy
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
TABLES = runpy.run_path(str(README.parent / "examples" / "images" / "make.py"))["TABLES"]


@pytest.mark.parametrize("name", TABLES)
def test_readme_has_the_current_table(name):
    text = README.read_text("utf-8")
    table = text.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]
    assert table == TABLES[name], "run `make gallery`"


def test_readme_names_only_files_that_exist():
    for line in README.read_text("utf-8").split("](")[1:]:
        target = line.partition(")")[0]
        if not target.startswith("http"):
            assert (README.parent / target).exists(), target
