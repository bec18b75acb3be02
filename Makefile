# Needs Python 3.11 or newer, git and make; everything else is installed into .venv and .tools.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; exit; }; done)
FLAGS ?=

.PHONY: serve test test-slow lint bench clean

serve: $(VENV)/.installed          ## start the server (FLAGS="--storage-backend=memory …")
	@exec $(BIN)/pilothouse serve $(FLAGS)

test: lint .tools/.installed       ## what CI runs
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(VENV)/.tested .tools/.installed
	$(BIN)/python -m pytest -m slow --timeout=1800

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.benched            ## needs wrk
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .tools build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer (with venv) is needed" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"

# An editable install compiles the type schema, so it is made again when what goes into that changes. It makes no
# bytecode, as pip does for other installs, and without it a start takes twice as long.
SCHEMA := tools/compile_schema.py $(wildcard src/pilothouse/apimachinery/schema/*.tsv)

$(VENV)/.installed: pyproject.toml hatch_build.py $(SCHEMA) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m compileall -q src/pilothouse
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test --group lint
	@touch $@

$(VENV)/.benched: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@

.tools/.installed: tools/install_tools.py | $(BIN)/python
	$(BIN)/python tools/install_tools.py
	@mkdir -p .tools && touch $@
