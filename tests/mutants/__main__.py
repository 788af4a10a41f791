"""Changes the package a little, over and over, and asks whether its tests notice: `make mutants`.

Each mutant runs in a copy of the package, against the tests of its module alone, within limits of time and memory.
"""

import argparse
import compileall
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from pathlib import Path

import hypothesis  # noqa: F401  here and the next two, so that no mutant has to import them again
import numpy as np  # noqa: F401  # loaded once, before the forks
import pytest

from tests import ROOT
from tests.mutants.mutate import Mutant, mutants
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


def passes(folder: Path, module: str, seconds: float | None = None) -> bool:
    """Whether the tests of a module pass in this copy, in a process of their own that ends with all that it started."""

    def child() -> None:
        os.setsid()
        sys.dont_write_bytecode = seconds is not None
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        if seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        os.chdir(folder)
        sys.path[:] = [str(folder), *(entry for entry in sys.path if entry not in ("", str(ROOT)))]
        for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "microbp")]:
            del sys.modules[name]
        with open(folder / "said", "w") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            os._exit(pytest.main([*OPTIONS, *held_by(module)]))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(None if seconds is None else 10 * seconds)
    if process.exitcode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode == 0


def survivors(folder: Path, module: str, chosen: list[Mutant]) -> list[Mutant]:
    """Those of the mutants of one module that its tests do not notice."""
    began = time.monotonic()
    if not passes(folder, module):
        sys.exit(f"{(folder / 'said').read_text('utf-8')}\nThe tests of {module} fail before anything is changed.")
    seconds = 5 * (time.monotonic() - began) + 5
    path = folder / "microbp" / f"{module.replace('.', '/')}.py"
    original = path.read_text("utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()  # its date and size may be those of a mutant
    found = []
    for mutant in chosen:
        path.write_text(mutant.source, "utf-8")
        if passes(folder, module, seconds):
            found.append(mutant)
            print(f"  microbp/{module.replace('.', '/')}.py:{mutant.line} {mutant.where}: {mutant.change}", flush=True)
    path.write_text(original, "utf-8")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--mutants", type=int, default=40, help="how many, of all modules together")
    parser.add_argument("--seed", type=int, default=1, help="of which ones")
    parser.add_argument("--module", default="", help=f"only these: a module or a room of {', '.join(MODULES)}")
    options = parser.parse_args()
    known = equivalents()
    every = [
        (module, mutant)
        for module in MODULES
        if f"{module}.".startswith(f"{options.module}." if options.module else "")
        for mutant in mutants((ROOT / "microbp" / f"{module.replace('.', '/')}.py").read_text("utf-8"))
        if (module, mutant.where, mutant.change) not in known
    ]
    chosen = defaultdict(list)
    for module, mutant in random.Random(options.seed).sample(every, min(options.mutants, len(every))):
        chosen[module].append(mutant)
    made, alive = {True: 0, False: 0}, {True: 0, False: 0}
    with tempfile.TemporaryDirectory() as folder:
        copied(Path(folder))
        for module in filter(chosen.__contains__, MODULES):
            found = survivors(Path(folder), module, chosen[module])
            for prints in (True, False):
                made[prints] += sum(_prints(module, mutant) is prints for mutant in chosen[module])
                alive[prints] += sum(_prints(module, mutant) is prints for mutant in found)
            print(f"{module}: {len(chosen[module]) - len(found)} of {len(chosen[module])} noticed", flush=True)
    for prints, what in ((False, "computes"), (True, "prints")):
        if made[prints]:
            share = 1 - alive[prints] / made[prints]
            print(f"of what {what}: {made[prints] - alive[prints]} of {made[prints]} noticed, {share:.1%}")


def _prints(module: str, mutant: Mutant) -> bool:
    return module.startswith("printing.") or mutant.prints


if __name__ == "__main__":
    main()
