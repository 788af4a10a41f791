"""Writes anew what is generated: the pictures in this folder, and the README's tables."""

import re
from pathlib import Path

import microbp
from microbp import reference
from microbp.problems import schema, titles
from microbp.tabular import markdown

HERE = Path(__file__).parent
README = HERE.parent.parent / "README.md"

TABLES = {
    "ops": reference.markdown(),
    "problems": markdown(("problem", "what it is"), [(f"`{name}`", title) for name, title in titles().items()]),
    "schema": markdown(
        ("key", "takes", "meaning"), [(f"`{key}`", words.replace("'", "`"), about) for key, words, about in schema.table()]
    ),
}


def main():
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    microbp.draw(root, HERE / "w1-w8.svg", model=problem.model)

    text = README.read_text("utf-8")
    for name, table in TABLES.items():
        block = f"<!-- {name} -->\n{table}\n<!-- /{name} -->"
        text = re.sub(f"<!-- {name} -->.*<!-- /{name} -->", lambda _, block=block: block, text, flags=re.DOTALL)
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
