# Needs make, and Python 3.11 or newer with its venv module; everything else is installed into $(VENV).
# `make PYTHON=python3.13` chooses the interpreter, `make VENV=/somewhere/else` the place.

SHELL  := /bin/sh
VENV   ?= .venv
BIN     = $(VENV)/bin
PIP     = $(BIN)/python -m pip install -q --disable-pip-version-check
# Debian's python3.11 package alone brings no python3, and a python3 may be too old.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
            "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

.PHONY: demo test lint docs bench check clean
.DELETE_ON_ERROR:

demo: $(VENV)/core.stamp          ## the worked solution of lecture 004
	@$(BIN)/chainrule explain 004

test: $(VENV)/dev.stamp           ## all tests, and the examples in docstrings
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/dev.stamp           ## style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict

docs: $(VENV)/docs.stamp          ## docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/dev.stamp          ## every script in benchmarks/, the short ones first; WRITE=1 also writes RESULTS.md
	$(BIN)/python benchmarks/_all.py $(if $(WRITE),--write)

check:                            ## all that must pass before a change is merged
	.ci/run

clean:
	rm -rf $(VENV) build dist docs/_build docs/jupyter_execute .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

# The package is installed in place, so only a change of pyproject.toml asks for a new installation.
$(VENV)/core.stamp: pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "chainrule needs Python 3.11 or newer; say which: make PYTHON=..." >&2; exit 1; fi
	@echo "Installing chainrule into $(VENV) (only the first time) ..." >&2
	@[ -f $@ ] || "$(PYTHON)" -m venv --clear $(VENV)
	@$(PIP) -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/core.stamp
	@echo "Installing the tools for testing ..." >&2
	@$(PIP) -e '.[dev]'
	@touch $@

$(VENV)/docs.stamp: $(VENV)/core.stamp
	@echo "Installing the tools for the documentation ..." >&2
	@$(PIP) -e '.[docs]'
	@touch $@
