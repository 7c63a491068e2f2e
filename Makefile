# Everything here makes its own virtual environment: Python 3.11 or newer and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint bench torture mutants picture clean constraints

demo: $(INSTALLED)
	$(BIN)/rapport demo

test: $(INSTALLED)
	$(BIN)/pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED)
	$(BIN)/python -m tests.bench

# Kills a send wherever it can be killed, some thousand times; some minutes.
torture: $(INSTALLED)
	$(BIN)/python -m tests.torture

# Plants small faults and has the tests look for them, a module at a time: make mutants MODULE=subscribers/tokens.py
# Without MODULE all modules of tests/mutants/tables.py, which takes hours; ARGS="--most 60" tries some of each.
mutants: $(INSTALLED)
	$(BIN)/python -m tests.mutants $(ARGS) $(MODULE)

# The README's picture, looked at through Chromium.
picture: $(INSTALLED)
	$(BIN)/python -m tests.letter.picture docs/letter.png

# Installs once, and again when what is to be installed changed; afterwards nothing needs the network.
# Nothing is installed but what bears a hash of constraints.txt, and this project itself.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Rapport needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Making $(VENV), once; about a minute ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	touch $(INSTALLED)

# Newer versions of everything, after which the tests decide: constraints.txt is for working on it, requirements.txt for
# running it. The build backend is pinned by hand, in pyproject.toml. Uses a uv that is not kept.
PIN := $(VENV)-pin
COMPILE := $(PIN)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
constraints:
	$(PYTHON) -m venv $(PIN)
	$(PIN)/bin/python -m pip install --quiet uv
	$(COMPILE) --upgrade --all-extras pyproject.toml --output-file constraints.txt
	grep -oE '^hatchling==[^ ]+' constraints.txt | $(COMPILE) --extra postgresql --constraint constraints.txt pyproject.toml - --output-file requirements.txt
	rm -rf $(PIN)

clean:
	rm -rf $(VENV) demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
