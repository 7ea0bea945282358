# Two commands matter to a newcomer: `make demo` and `make test`. PYTHON=python3.12 picks the interpreter of .venv.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs generate format bench simulate e2e coverage image release-check lock clean

SEEDS ?= 400
FIRST_SEED ?= 0
PYTEST := .venv/bin/python -m pytest

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## create .venv with everything for running, testing and checking
	@tools/setup.sh dev

demo: ## watch Repave repave a fleet on an embedded AWS (ARGS="--until-settled" to stop by itself)
	@tools/setup.sh demo
	@.venv/bin/repave demo $(ARGS)

test: ## set everything up, then run every check and every test (full matrices: see e2e and simulate)
	@tools/test.sh

check: setup ## format, lint, types, layers, tidy
	@tools/check.sh

docs: setup ## build the documentation's site into site/ (ARGS=serve to read it while writing)
	@tools/docs.sh $(ARGS)

generate: setup ## write again what is written from the code: schema, reference pages, policies, dashboards
	@tools/generate.sh

format: setup ## rewrite the code in the house's format and apply the safe fixes
	@.venv/bin/ruff check --quiet --fix-only . && .venv/bin/ruff format .

bench: setup ## measure where the time goes
	@$(PYTEST) tests/benchmarks -m "" -s

simulate: setup ## simulate many worlds on a virtual clock: SEEDS=400 of them from FIRST_SEED=0
	@$(PYTEST) tests/simulation -m "" --simulation-seeds=$(SEEDS) --simulation-first-seed=$(FIRST_SEED) --durations=5

e2e: setup ## the full matrices: kills at every boundary on every journal, every story, every schedule of faults
	@$(PYTEST) tests/e2e tests/docker tests/scenarios tests/handover tests/journal tests/dashboards -m "" --durations=15

coverage: setup ## show the lines that no test runs
	@.venv/bin/coverage run -m pytest -q && .venv/bin/coverage report --show-missing --skip-covered

image: ## build the container image: BASE_IMAGE=name:tag@sha256:..., or BASE_IMAGE=debian (docs/image.md)
	@BASE_IMAGE="$(BASE_IMAGE)" tools/image.sh

release-check: setup ## build wheel and sdist, install the wheel where nothing else is, run the demo from it, check the rest
	@tools/release_check.sh

lock: setup ## pin the requirements again from pyproject.toml (ARGS=--upgrade for the newest versions)
	@tools/lock.sh $(ARGS)

clean: ## remove .venv and everything generated
	@rm -rf .venv .venv-deploy .terraform-offline build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	@find . -type d -name __pycache__ -prune -exec rm -rf {} +
