# Two commands do everything: `make demo` and `make test`. Each sets up .venv first; none needs root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
# Python looks into the folder it is started in before it asks an editable install: from the folder above the clone, the clone
# itself would be taken for an empty package. A path entry, which editors can follow too, is found in time.
EDITABLE := --config-settings editable_mode=compat
# The tests have a worker for every core, and one more (tests/conftest.py), each on neighbours in a file; who is done takes
# over some of another's. One test alone starts no workers, so that this is not in setup.cfg. In one process:
# `make test PARALLEL=`.
PARALLEL := -n logical --maxprocesses 8 --dist worksteal
# What is tested, if not everything: `make test TESTS=tests/stepping`.
TESTS :=

.PHONY: help demo test test-fast check lint type fix accuracy bench bench-diagnose bench-import bench-peers bench-wait docs examples fuzz lowest mutants package gallery site serve clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.images  ## set up, and run the main job on the w1–w8 network
	$(BIN)/microbp demo -o w1-w8.svg
	@echo 'Go on: . $(BIN)/activate, then microbp step w1-w8, or microbp check mine.py for a pass of your own.'

test: $(VENV)/.test $(VENV)/.browser  ## set up, and run the tests
	$(BIN)/python -m pytest -q $(PARALLEL) $(TESTS)

test-fast: $(VENV)/.test  ## what shows most mistakes within a minute: without slow tests, with fewer random examples
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not slow" --hypothesis-profile=fast $(TESTS)

check: lint type test examples  ## lint, types, tests (with the README's code), examples

FUZZ := 12000
fuzz: $(VENV)/.test  ## feed the loaders, expressions and commands with damaged input, FUZZ=12000 cases of each
	FUZZ=$(FUZZ) $(BIN)/python -m pytest -q tests/fuzz

MUTANTS := 2
SEED := 1
MODULE :=
mutants: $(VENV)/.test  ## change each module a little, MUTANTS=2 times by SEED=1, or one MODULE=: what do tests not notice?
	$(BIN)/python -m tests.mutants --mutants $(MUTANTS) --seed $(SEED) --module "$(MODULE)"

lint: $(VENV)/.lint  ## look for mistakes of style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: $(VENV)/.lint  ## check the types
	$(BIN)/mypy

fix: $(VENV)/.lint  ## mend what the linter can mend, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

accuracy: $(VENV)/.test  ## measure how many ulp each value and derivative is off, over all doubles
	$(BIN)/python -m tests.engine.accuracy

# Each script says what it measures, and fails when it misses a target of its own; the others still run.
BENCHMARKS := against_micrograd compiled draw_time answer_time cluster
bench: $(VENV)/.test $(VENV)/.bench  ## time a step against micrograd's, compiled functions against hand-written ones, pictures, answers; share work with a cluster
	@code=0; for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python tests/benchmarks/$$name.py || code=1; done; exit $$code

bench-peers: $(VENV)/.bench  ## time microbp beside micrograd, autograd, JAX, CasADi, PyTorch; write the reference's table anew
	$(BIN)/python -m doctest examples/pytorch.md
	$(BIN)/python tests/benchmarks/peers.py --write

bench-wait: $(VENV)/.test  ## the CPU seconds that people wait for commands and answers
	$(BIN)/python tests/benchmarks/wait.py

bench-diagnose: $(VENV)/.test  ## plant every mistake in random networks, and count how many are named
	$(BIN)/python tests/benchmarks/diagnose.py

bench-import: $(VENV)/.test  ## how long the door takes to open
	$(BIN)/python tests/benchmarks/import_time.py

LOWEST := build/lowest/bin/python
lowest:  ## run the fast tests with the oldest NumPy and graphviz package that setup.cfg says will do
	$(PYTHON) -m venv build/lowest
	$(LOWEST) -m pip install -q --disable-pip-version-check -e ".[test]" \
		$$(sed -n 's/^ *\(numpy\|graphviz\)>=/\1==/p' setup.cfg)
	$(LOWEST) -m pytest -q -m "not slow" --hypothesis-profile=fast $(TESTS)

package: $(VENV)/.package  ## build the wheel and the source distribution into dist/, and check them
	rm -rf dist
	$(BIN)/python -m build -q
	$(BIN)/python -m twine check --strict dist/*

docs: $(VENV)/.docs  ## build the pages of this repository, and one for each function, into build/docs
	$(BIN)/python examples/site/build.py

site: $(VENV)/.images  ## build what a web server serves into build/site: live pages, and microbp in the browser (needs npm)
	$(BIN)/python examples/web/build.py

serve: site  ## the same, and show it at http://127.0.0.1:8000, PORT=8000
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/site $(PORT)

PORT := 8000
examples: $(VENV)/.examples  ## run every example
	@for f in examples/*.py; do echo "== $$f"; $(BIN)/python $$f || exit 1; done

gallery: $(VENV)/.test  ## write anew what is generated: the README's pictures and its table
	$(BIN)/python examples/images/make.py

clean:  ## remove .venv and everything that was built
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis w1-w8.svg
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of extras. The images extra has wheels for the usual machines; where it has none,
# everything but pictures works without it, so that its failure is a word and no end.
$(VENV)/.%: setup.cfg pyproject.toml
	@echo "Setting up $(VENV) for the $* extra: half a minute, more for a slow network."
	@$(PYTHON) -c 'import sys; sys.exit("microbp needs Python 3.11 or later, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) $(EDITABLE) -e ".[images,$*]" || { \
		echo "The images extra could not be installed: pictures need Graphviz's dot on the PATH."; \
		$(PIP) $(EDITABLE) -e "$(if $(filter images,$*),.,.[$*])"; }
	@touch $@

# What drives a browser in the tests of the page; the browser itself is the machine's. Without either they are skipped.
$(VENV)/.browser: $(VENV)/.test
	$(PIP) $(EDITABLE) -e ".[browser]" || echo "The browser extra could not be installed: the tests of the page in a browser skip."
	touch $@
