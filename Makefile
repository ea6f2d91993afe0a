# The commands of the house. `make local` and `make test` need nothing but Python 3.11 to 3.13 and the network.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
# The first Python that is one of ours; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 && echo $$p && break; done)

.PHONY: help local test test-slow check bench package images generate-terraform lock clean

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

local: .venv/laptop.stamp  ## open a conversation on the embedded engine
	@$(BIN)/sagebuild chat

test: .venv/dev.stamp  ## the tests
	@$(BIN)/python -m pytest

test-slow: .venv/dev.stamp  ## the tests, with those that take minutes
	@$(BIN)/python -m pytest -m "slow or not slow"

check: .venv/dev.stamp  ## format, lint, types, import rules, documentation, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q tests/test_docs.py tests/test_layout.py
	@$(BIN)/python -m terraform.check

bench: .venv/dev.stamp  ## the benchmarks, as ratios in one run, to bench.json
	@$(BIN)/python -m tests.bench

package: .venv/dev.stamp  ## the Lambdas' zips in build/, byte-identical when nothing changed
	@$(BIN)/python terraform/package.py $(if $(RUNTIME),--runtime $(RUNTIME)) $(if $(ARCHITECTURE),--architecture $(ARCHITECTURE))

images: .venv/dev.stamp  ## the container images, built in the account: make images ENVIRONMENT=dev
	@$(BIN)/python -m terraform.images $(ENVIRONMENT)

generate-terraform: .venv/dev.stamp  ## terraform/'s generated files: who may do what, inputs and outputs
	@$(BIN)/python -m terraform.generate

lock: .venv/dev.stamp  ## write requirements/*.txt anew from pyproject.toml
	@bash requirements/lock.sh $(PYTHON)

clean:  ## remove what was built here; the state folder of local mode stays
	@rm -rf .venv build dist models/gp/*.so bench.json .mypy_cache .ruff_cache .pytest_cache

# Standard input belongs to the conversation, so nothing here may read it.
define set_up
	@test -n "$(PYTHON)" || { echo "SageBuild needs Python 3.11, 3.12 or 3.13; PYTHON=/path/to/python names one." >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON) (once; a minute or two) ..." >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 </dev/null || $(PYTHON) -m venv --clear .venv </dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) </dev/null >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . </dev/null >&2
	@$(BIN)/python -m models.gp.native --if-possible </dev/null >&2
endef

.venv/laptop.stamp: requirements/laptop.txt pyproject.toml
	$(call set_up,requirements/laptop.txt)
	@touch $@

.venv/dev.stamp: requirements/dev.txt pyproject.toml
	$(call set_up,requirements/dev.txt)
	@touch .venv/laptop.stamp $@
