"""Writes anew what is generated: the pictures in this folder, and the README's table of operations."""

import re
from pathlib import Path

import microbp
from microbp import reference

HERE = Path(__file__).parent
README = HERE.parent.parent / "README.md"


def main():
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    microbp.draw(root, HERE / "w1-w8.svg", model=problem.model)

    table = f"<!-- ops -->\n{reference.markdown()}\n<!-- /ops -->"
    README.write_text(re.sub(r"<!-- ops -->.*<!-- /ops -->", lambda _: table, README.read_text(), flags=re.S))


if __name__ == "__main__":
    main()
