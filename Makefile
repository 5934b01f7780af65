# Two commands to begin with: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
# Demo, tests and notebooks never see a key: whatever they do costs nothing.
KEYS := $(shell env | sed -n -E 's/^((RESPAN|KEYWORDSAI|AWS|AZURE|GOOGLE|VERTEX)[A-Z0-9_]*|[A-Z0-9_]*_(API_KEY|API_BASE|BASE_URL|TOKEN))=.*/-u \1/p')
KEYLESS := env $(KEYS)

.PHONY: help install browser demo test check check-deep notebooks bench clean
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n -E 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | awk -F'\t' '{printf "make %-12s %s\n", $$1, $$2}'

.venv/ready: pyproject.toml
	@echo "Setting up .venv (a minute or two, once) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[local]'
	@touch $@

.venv/ready-dev: .venv/ready
	@echo "Adding the development tools ..."
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[dev]'
	@touch $@

.venv/models: .venv/ready
	@$(KEYLESS) $(BIN)/respan-lab pull
	@touch $@

install: .venv/ready-dev .venv/models  ## the .venv with everything, and the local models

browser:  ## Debian's Chromium, which the tests of the widgets need
	@command -v chromium > /dev/null || (apt-get update -q && apt-get install -qy --no-install-recommends chromium)

demo: .venv/ready .venv/models  ## compare two real local models on real input
	@$(KEYLESS) $(BIN)/respan-lab demo

test: install  ## all tests, the notebooks among them
	@$(KEYLESS) $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile tests
	@$(KEYLESS) RESPAN_LAB_HOME=$$(mktemp -d) $(BIN)/python -m pytest --nbval --nbval-current-env --nbval-cell-timeout 120 --nbval-sanitize-with notebooks/sanitize.cfg notebooks

check: .venv/ready-dev  ## format, lint, types, import layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(KEYLESS) $(BIN)/python -m pytest -q tests/test_layers.py

check-deep: install  ## the long versions of simulations, kills and fuzzing
	@$(KEYLESS) $(BIN)/python -m pytest tests --deep

notebooks: install  ## execute the notebooks again and store their outputs
	@$(KEYLESS) RESPAN_LAB_HOME=$$(mktemp -d) $(BIN)/python notebooks/execute.py notebooks/*.ipynb

bench: install  ## measure side by side with peers
	@$(KEYLESS) $(BIN)/python -m bench

clean:  ## remove what runs leave behind, but not the .venv
	@rm -rf out .respan-lab bench/out
