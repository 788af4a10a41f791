"""Changes the package a little, over and over, and asks whether its tests notice: `make mutants`.

Each mutant runs in a copy of the package, against the tests of its module alone, within limits of time and memory: in a
process that has the package loaded if it can, and else, or if it survives that, in one that loads it anew.
"""

import argparse
import compileall
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple, Self

import hypothesis  # noqa: F401  here and the next two, so that no mutant has to import them again
import numpy as np  # noqa: F401  # loaded once, before the forks
import pytest

from tests import ROOT
from tests.mutants.in_place import InPlace
from tests.mutants.mutate import Mutant, mutants
from tests.mutants.order import InOrder, Seen
from tests.mutants.where_tested import MODULES, held_by

MEMORY = 4 << 30
OPTIONS = (
    "-x",
    "-q",
    "-m",
    "not slow",
    "--hypothesis-profile=mutants",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)
"""hypothesis is imported before pytest can rewrite its asserts, and has none that are ours."""
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
"""Mutants that no test can tell from the original, each with the reason."""


def equivalents() -> dict[tuple[str, str, str], str]:
    """{(module, function, change): why it changes nothing}."""
    rows = tomllib.loads(EQUIVALENT.read_text("utf-8"))["equivalent"]
    return {(row["module"], row["where"], row["change"]): row["reason"] for row in rows}


def copied(folder: Path) -> Path:
    """A copy of what the tests need; the working tree is never touched."""
    for name in ("microbp", "tests", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "CONTRIBUTING.md", "Makefile"):
        shutil.copy(ROOT / name, folder / name)
    compileall.compile_dir(folder, quiet=2)
    return folder


def passes(folder: Path, module: str, plugin: InPlace | InOrder, seconds: int = 0) -> bool:
    """Whether the tests of a module pass in this copy, in a process of their own that ends with all that it started."""

    def child() -> None:
        os.setsid()
        sys.dont_write_bytecode = seconds > 0
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        if seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        os.chdir(folder)
        sys.path[:] = [str(folder), *(entry for entry in sys.path if entry not in ("", str(ROOT)))]
        for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "microbp")]:
            del sys.modules[name]
        with open(folder / "said", "w") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            asked = (isinstance(plugin, InOrder) and plugin.files()) or held_by(module)
            code = pytest.main([*OPTIONS, *asked], plugins=[plugin])
        if isinstance(plugin, InPlace):
            (folder / "seen").write_text(json.dumps([plugin.seen, plugin.noticed]))
        os._exit(code)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(20 * seconds or None)
    if process.exitcode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode == 0


def survivors(folder: Path, module: str, chosen: list[Mutant]) -> list[Mutant]:
    """Those of the mutants of one module that its tests do not notice."""
    path = folder / "microbp" / f"{module.replace('.', '/')}.py"
    if not passes(folder, module, InPlace(path, module, chosen)):
        sys.exit(f"{(folder / 'said').read_text('utf-8')}\nThe tests of {module} fail before anything is changed.")
    watched, noticed = json.loads((folder / "seen").read_text())
    seen = {name: Seen(*what) for name, what in watched.items()}
    seconds = 30 + 3 * int(sum(test.seconds for test in seen.values()))
    original = path.read_text("utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()  # its date and size may be those of a mutant
    found = []
    for mutant in [mutant for k, mutant in enumerate(chosen) if k not in noticed]:
        path.write_text(mutant.source, "utf-8")
        if passes(folder, module, InOrder(mutant.lines, seen), seconds):
            found.append(mutant)
            where = f"microbp/{module.replace('.', '/')}.py:{mutant.lines.start} {mutant.where}"
            print(f"  {where}: {mutant.change}", flush=True)
    path.write_text(original, "utf-8")
    return found


class Count(NamedTuple):
    """What became of some mutants."""

    made: int = 0
    noticed: int = 0
    equivalent: int = 0

    def __str__(self) -> str:
        alive = self.made - self.noticed - self.equivalent
        share = f"{self.noticed / (self.noticed + alive):7.1%}" if self.noticed + alive else "      –"
        return f"{self.made:5} {self.noticed:8} {self.equivalent:11} {alive:6} {share}"

    def plus(self, other: Self) -> Self:
        return type(self)(*map(sum, zip(self, other, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--mutants", type=int, default=2, help="how many of each module")
    parser.add_argument("--seed", type=int, default=1, help="of which ones")
    parser.add_argument("--module", default="", help=f"only these: modules or rooms of {', '.join(MODULES)}")
    options = parser.parse_args()
    known, counts, rooms = equivalents(), {}, tuple(f"{room}." for room in options.module.split()) or ("",)
    sums = {"computes": Count(), "prints": Count()}
    with tempfile.TemporaryDirectory() as folder:
        copied(Path(folder))
        for module in MODULES:
            if not f"{module}.".startswith(rooms):
                continue
            every = list(mutants((ROOT / "microbp" / f"{module.replace('.', '/')}.py").read_text("utf-8")))
            some = random.Random(options.seed).sample(every, min(options.mutants, len(every)))
            chosen = [mutant for mutant in some if (module, mutant.where, mutant.change) not in known]
            alive = survivors(Path(folder), module, chosen)
            counts[module] = Count(len(some), len(chosen) - len(alive), len(some) - len(chosen))
            print(f"{module}: {counts[module]}", flush=True)
            for what in sums:
                of_this = [[m for m in kind if _what(module, m) == what] for kind in (some, chosen, alive)]
                made, tried, left = map(len, of_this)
                sums[what] = sums[what].plus(Count(made, tried - left, made - tried))
    print(f"\n{'':24}  made  noticed  equivalent  alive   share of what is not equivalent")
    for name, count in {**counts, **{f"what {what}": count for what, count in sums.items()}}.items():
        print(f"{name:24} {count}")


def _what(module: str, mutant: Mutant) -> str:
    return "prints" if module.startswith("printing.") or mutant.prints else "computes"


if __name__ == "__main__":
    main()
