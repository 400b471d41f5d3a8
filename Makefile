# Every command anyone types here. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB_BUILT := src/clew/server/web/index.html

.PHONY: help setup demo test dev lint format types web e2e bench docs lock clean

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	@cd web && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(WEB_BUILT): web/node_modules/.installed $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
	@cd web && npm run --silent build

setup: $(VENV)/.installed $(WEB_BUILT) ## install everything and build the web app

demo: setup ## a server with the demo project, in the browser
	@$(BIN)/clew demo

lock: ## resolve the dependencies again
	@$(BIN)/uv pip compile pyproject.toml --extra server --group dev --group demo --universal \
		--generate-hashes --no-header --no-annotate --upgrade -o requirements.lock
