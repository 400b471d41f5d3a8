# Every command anyone types here. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB_BUILT := src/clew/server/web/index.html
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -type f -print 2>/dev/null)

.PHONY: help setup demo test check unit faults e2e dev format web bench bench-scale bench-page bench-soak corpus lock chromium postgres clean

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(VENV)/.installed $(WEB_BUILT) ## install everything and build the web app

demo: setup ## a server with the demo project, in the browser
	@$(BIN)/clew demo

test: setup chromium postgres check unit faults e2e ## every check and every test, the browser ones included

check: setup ## formatting, lint, types, floors
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/lint-imports --config pyproject.toml --no-cache > .lint-imports.log || (cat .lint-imports.log; exit 1)
	@rm -f .lint-imports.log
	@$(BIN)/pyright --warnings
	@cd web && npm run --silent lint

unit: setup postgres ## the unit and API tests
	@cd web && npm run --silent test
	@$(BIN)/pytest -q -m "not browser and not faults"

faults: setup ## the tests that kill, flood and starve servers
	@$(BIN)/pytest -q -m faults

e2e: setup chromium ## the browser tests
	@$(BIN)/pytest -q -m browser

dev: setup ## a server on ./clew-data and the web app that reloads itself
	@trap 'kill 0' EXIT; $(BIN)/clew serve & cd web && npm run dev

format: $(VENV)/.installed ## format and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

web: $(WEB_BUILT) ## build the web app into the package

bench: setup ## measure, beside other products in environments of their own
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/dialects.py

bench-scale: setup ## measure reads in stores of 1 to 20 million spans; takes an hour and 20 GB
	@$(BIN)/python bench/scale.py

bench-page: setup chromium ## measure the page of a run of 10,000 spans in Chromium
	@$(BIN)/python bench/page.py

bench-soak: setup ## send 2,000 spans a second for an hour, and read meanwhile
	@$(BIN)/python bench/soak.py

corpus: setup ## record what a library sends: make corpus LIBRARY=langgraph-openinference
	@PYTHONPATH=tests:examples $(BIN)/python -m corpus.record $(LIBRARY)

lock: ## resolve the dependencies again
	@$(BIN)/uv pip compile pyproject.toml --extra server --extra postgres --group dev --group demo --universal \
		--generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements.lock

clean: ## remove what was built and installed here
	@rm -rf $(VENV) web/node_modules src/clew/server/web dist .pytest_cache .ruff_cache

# --- how the parts come to be -------------------------------------------------------------------

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@echo "installing the Python packages"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	@echo "installing the web packages"
	@cd web && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(WEB_BUILT): web/node_modules/.installed $(WEB_SOURCES)
	@echo "building the web app"
	@cd web && npm run --silent build
	@touch $@

chromium:
	@command -v chromium > /dev/null || { echo "installing Chromium for the browser tests"; \
		if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
		$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium > /dev/null; }

postgres:
	@command -v postgres > /dev/null || ls /usr/lib/postgresql/*/bin/postgres > /dev/null 2>&1 || { \
		echo "installing PostgreSQL for the tests of the records"; \
		if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
		$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends postgresql > /dev/null; } \
		|| echo "it can't be installed: the tests on PostgreSQL are left out"
