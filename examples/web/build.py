"""Builds the site into build/site: a page for each problem, and microbp itself in the browser. `make site` runs it.

What it needs from outside is pinned, with hashes, in package-lock.json and wheels.txt, and kept in build/web.
"""

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

import microbp
from microbp.derivation.backprop import gradients, pass_of
from microbp.printing import language, word
from microbp.printing.language import ENGLISH
from microbp.problems import builtin_names, titles
from microbp.problems.exercise import exercise_of
from microbp.problems.template import template
from microbp.terminal.command_table import EXIT_CODES

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
KEPT = ROOT / "build" / "web"
SOURCES = [p.name for p in HERE.iterdir() if p.suffix in (".html", ".css", ".js") or p.name == "run.py"]
PYODIDE = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
SHELL = ("./", *SOURCES, "site.json", "pages/w1-w8.html")
"""What is there offline from the first visit on; the rest, once it was used."""


def run(*command, cwd=ROOT):
    """Runs a program; what it said is shown if it failed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


def fetch():
    """Gets what is pinned, unless it is there."""
    KEPT.mkdir(parents=True, exist_ok=True)
    lock, there = HERE / "package-lock.json", KEPT / "package-lock.json"
    if not there.exists() or there.read_bytes() != lock.read_bytes():
        shutil.copy(HERE / "package.json", KEPT)
        if shutil.which("npm") is None:
            sys.exit("make site needs npm, which gets Pyodide and viz.js: install Node.js")
        shutil.copy(lock, KEPT / "package-lock.json.new")
        (KEPT / "package-lock.json.new").replace(there)
        try:
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=KEPT)
        except SystemExit:
            there.unlink()
            raise
    wheels, listed = KEPT / "wheels", HERE / "wheels.txt"
    done = wheels / listed.name
    if not done.exists() or done.read_bytes() != listed.read_bytes():
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
        only = ("--no-deps", "--only-binary", ":all:", "--require-hashes")
        run(*pip, "download", "-q", *only, "-d", str(wheels), "-r", str(listed))
        shutil.copy(listed, done)


def numpy_wheel(row):
    """The bytes of NumPy's wheel, from the file NUMPY_WHEEL, or out of what was fetched."""
    if place := os.environ.get("NUMPY_WHEEL"):
        found = Path(place).read_bytes()
    else:
        carriers = [zipfile.ZipFile(path) for path in (KEPT / "wheels").glob("*.whl")]
        names = [(wheel, name) for wheel in carriers for name in wheel.namelist() if name.endswith(row["file_name"])]
        if not names:
            sys.exit(f"no package in wheels.txt carries {row['file_name']}; give it as NUMPY_WHEEL=path make site")
        found = names[0][0].read(names[0][1])
    if (is_ := hashlib.sha256(found).hexdigest()) != row["sha256"]:
        sys.exit(f"this is not the {row['file_name']} that Pyodide was built with: sha256 {is_}, not {row['sha256']}")
    return found


def our_wheel(folder):
    """microbp's wheel of what stands here now, made in a folder."""
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)  # where setuptools keeps files that are no longer
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps", "-w", str(folder), ".")
    return next(folder.glob("microbp-*.whl"))


def python_parts(out):
    """Pyodide, and a lock file for it of the three packages that are loaded."""
    out.mkdir()
    source = KEPT / "node_modules" / "pyodide"
    for name in PYODIDE:
        shutil.copy(source / name, out)
    lock = json.loads((source / "pyodide-lock.json").read_text("utf-8"))
    numpy = lock["packages"]["numpy"]
    (out / numpy["file_name"]).write_bytes(numpy_wheel(numpy))
    rows = {"numpy": numpy}
    for path in (next((KEPT / "wheels").glob("graphviz-*.whl")), our_wheel(out)):
        if path.parent != out:
            path = Path(shutil.copy(path, out))
        name, version = path.name.split("-")[:2]
        rows[name] = {
            "name": name, "version": version, "file_name": path.name, "install_dir": "site",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "package_type": "package", "unvendored_tests": False, "imports": [], "depends": [],
        }  # fmt: skip
    rows["microbp"]["depends"] = ["numpy", "graphviz"]
    (out / "pyodide-lock.json").write_text(json.dumps({"info": lock["info"], "packages": rows}), "utf-8")


def hand_in(name):
    """Gradients of a problem as a learner has them who forgot σ′ in the hidden layers, or in the only one."""
    problem = microbp.load(name)
    case = exercise_of(problem)
    where = range(1, max(case.depth, 2))
    wrong = gradients(case, pass_of(case).changed({"slope": "1.0"}, where))
    text = json.dumps({key: np.vectorize(lambda x: float(f"{x:.8g}"))(g).tolist() for key, g in wrong.items()})
    return re.sub(r"(?<=\]), (?=\")", ",\n ", text) + "\n" if len(text) < 4000 else ""


def worked_pass(path):
    """A pass of the examples, and the wrong lines that learners write in its place."""
    code = path.read_text("utf-8")
    wrong = runpy.run_path(str(path))["WRONG"]
    code = re.sub(r"\n\nWRONG = \{\n.*?\n\}\n", "\n", code, flags=re.DOTALL).rstrip() + "\n"
    slips = {what: [old, new] for what, (old, new, _) in wrong.items()}
    return {"title": code.partition("\n")[0].strip('"').rstrip(".:"), "code": code, "wrong": slips}


def titled(chosen):
    """The titles of the problems in a language."""
    with language(chosen):
        return {name: word(title) for name, title in titles().items()}


def main(out=ROOT / "build" / "site"):
    fetch()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name in SOURCES:
        shutil.copy(HERE / name, out)
    shutil.copy(KEPT / "node_modules" / "@viz-js" / "viz" / "dist" / "viz.js", out)
    python_parts(out / "python")
    (out / "pages").mkdir()
    for name in builtin_names():
        problem = microbp.load(name)
        rate = problem.training.learning_rate
        place = out / "pages" / f"{name}.html"
        microbp.page(problem.root(), place, model=problem.model, title=problem.title, learning_rate=rate)
    data = {
        "version": microbp.__version__,
        "titles": {ENGLISH: titles(), "zh": titled("zh")},
        "answers": {name: hand_in(name) for name in builtin_names()} | {"expression": "w = 0.243307\nb = -0.243307\n"},
        "template": template(),
        "codes": EXIT_CODES,
        "passes": {path.stem: worked_pass(path) for path in sorted((HERE.parent / "passes").glob("*.py"))},
        "bytes": sum(
            path.stat().st_size for path in (out / "python").iterdir() if path.suffix in (".wasm", ".zip", ".whl")
        ),
    }
    (out / "site.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    all_bytes = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file())).hexdigest()
    worker = (HERE / "sw.js").read_text("utf-8").replace("{{version}}", all_bytes[:16])
    (out / "sw.js").write_text(worker.replace("{{shell}}", json.dumps(SHELL)), "utf-8")
    print(out / "index.html")


if __name__ == "__main__":
    main()
