# Migration Planner. `make help` lists every target.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
export PYTHON
PY := .venv/bin/python
OUT ?= out
PYTEST := $(PY) -m pytest

.PHONY: help setup demo plan run test test-fast test-faults fuzz bench lint format lock schemas events \
	sample clean image-rehearsal manifests

##@ Use it
demo: .runtime ## Plan the sample estate: starts the platform, writes out/plan.json and out/plan.xlsx
	@$(PY) -m cli demo --out $(OUT)

plan: .runtime ## Plan your own export, .xlsx, .zip or folder: make plan RVTOOLS=path/to.xlsx OUT=dir
	@test -n "$(RVTOOLS)" || { echo "Say which workbook:  make plan RVTOOLS=path/to.xlsx OUT=dir" >&2; exit 2; }
	@$(PY) -m cli plan --rvtools "$(RVTOOLS)" --out "$(OUT)"

run: .runtime ## Keep the platform up on one port (PORT=8080); data stays in .data
	@$(PY) -m cli run $(if $(PORT),--port $(PORT))

##@ Work on it
setup: .dev ## Create .venv with everything that development needs

test: .dev .broker .promtool ## Every test but long fault tests, on real PostgreSQL and real RabbitMQ
	$(PYTEST) -n 6 --dist loadscope -q -m "not long"

test-fast: .dev ## Tests that need no broker and start no processes
	$(PYTEST) -n 4 -q tests --ignore=tests/system --ignore=tests/faults \
		--ignore=tests/shared/bus --ignore=tests/shared/testing

test-faults: .dev .broker ## All fault tests: kill, pause and cut off everything (10 minutes)
	$(PYTEST) -q tests/faults tests/shared/bus/test_exactly_once.py

fuzz: .dev ## Fuzz the reader with damaged uploads, and the API by its document (SEED=n repeats)
	@$(PY) -m tests.fuzz.reader $(if $(SEED),--seed $(SEED))
	@$(PY) -m tests.fuzz $(if $(SEED),--seed $(SEED))

image-rehearsal: .dev .broker ## As root, without Docker: do the Dockerfile's steps, run that read-only
	$(PY) -m tests.deploy.rehearse_image

manifests: .dev ## Render the Kubernetes overlays with kubectl, validate what comes out
	$(PY) -m tests.deploy.render

bench: .dev .broker ## Measure it; one case with NAME=import_10k
	@$(PY) -m bench $(NAME)

lint: .dev ## Style, strict types, import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

format: .dev ## Rewrite the sources in house style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

sample: .dev ## Generate examples/*.xlsx again (same bytes)
	$(PY) -m tests.support.rvtools_estate --sample

schemas: .dev ## Write the golden JSON schemas of the events again
	$(PY) -m tests.contracts.golden

events: .dev ## Write docs/events again: the AsyncAPI document and a page for each event
	$(PY) -m services asyncapi

lock: .dev ## Resolve requirements/*.lock again from pyproject.toml
	scripts/lock.sh

clean: ## Remove the environment, caches and output; keeps .data
	rm -rf .venv .cache out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: .runtime .dev .broker .promtool
.runtime:
	@scripts/environment.sh runtime
.dev:
	@scripts/environment.sh dev
.broker: .dev
	@$(PY) -m shared.testing.fetch_rabbitmq
.promtool: .dev
	@$(PY) -m shared.testing.promtool
