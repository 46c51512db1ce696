# Two commands matter: `make run` and `make test`. `make help` lists the others.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# One folder a line; the checks read the same list.
CODE := bff tests catalog deploy
TERRAFORM_PROVIDER := catalog/terraform/provider

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: run
run: setup ## Try it: the sandbox, its gateway and the BFF over the catalog's files
	$(BIN)/keeptrusts-bff demo

.PHONY: test
test: check check-catalog e2e-setup debian test-plugin test-python ## Set up what is needed and run every check and test

# Programs that tests run beside the service, each with the Debian package it comes from.
.PHONY: debian
debian: dev-setup
	@$(BIN)/python -m tests.harness.debian prometheus=prometheus wrk=wrk '/usr/lib/postgresql/*/bin/initdb=postgresql' \
		prometheus-alertmanager=prometheus-alertmanager buildah=buildah debootstrap=debootstrap

.PHONY: test-plugin
test-plugin: node_modules/.installed
	toolchain/yarn tsc
	toolchain/yarn lint
	CI=true toolchain/yarn workspace backstage-plugin-keeptrusts test --coverage=false

.PHONY: test-python
test-python: dev-setup
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -m 'not matrix and not extended' $(PYTEST_ARGS)

.PHONY: extended
extended: e2e-setup debian ## Drills and views that take long, which make test leaves out: before a release
	$(BIN)/python -m pytest -n 2 --dist loadscope -m 'extended and not matrix' $(PYTEST_ARGS)

# Other releases of Backstage, for apps that take the plugin's tarball.
RELEASES := $(wildcard tests/e2e/releases/*)
.PHONY: matrix
matrix: e2e-setup $(RELEASES:=/node_modules/.installed) ## The plugin's tarball in every supported release of Backstage and both frontend systems
	$(BIN)/python -m pytest tests/e2e/test_plugin_package.py $(PYTEST_ARGS)

.PHONY: unit
unit: dev-setup ## Run the short tests that start no server, browser or program, with fewer examples each
	$(BIN)/python -m pytest -n 2 --dist loadscope -m 'not server and not long' --hypothesis-profile=quick $(PYTEST_ARGS)

.PHONY: backstage
backstage: e2e-setup ## The demo inside a real Backstage (minutes once, then seconds)
	$(BIN)/python -m tests.e2e.harness.demo

.PHONY: check
check: dev-setup ## Formatter, linter, types and layers
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: check-catalog
check-catalog: dev-setup node_modules/.installed ## Check the catalog's files with Backstage's validators and with our own
	find catalog -name '*.yaml' -not -path '*/terraform/*' -not -name 'app-config*' -print0 | xargs -0 toolchain/node_modules/.bin/node tests/catalog/validate.cjs
	$(BIN)/keeptrusts-bff lint --closed catalog

.PHONY: format
format: dev-setup ## Let the formatter and the linter mend what they can
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

.PHONY: bench
bench: dev-setup ## Measure, as ratios in one run; one part with make bench PART=hits
	@$(BIN)/python -m tests.harness.debian wrk=wrk nginx=nginx-light
	@$(BIN)/python -m tests.bench $(PART)

.PHONY: terraform-mirror
terraform-mirror: dev-setup ## Make a mirror with the Terraform provider: make terraform-mirror MIRROR=<folder>
	@$(if $(MIRROR),,echo 'Name the folder: make terraform-mirror MIRROR=<folder>' >&2; exit 2)
	@$(BIN)/terraform-provider-keeptrusts mirror '$(MIRROR)'

.PHONY: openapi
openapi: setup node_modules/.installed ## Renew bff/web/openapi.json, and the plugin's types made from it
	$(BIN)/keeptrusts-bff openapi > bff/web/openapi.json.new
	mv bff/web/openapi.json.new bff/web/openapi.json
	toolchain/yarn workspace backstage-plugin-keeptrusts generate

DIST := dist
.PHONY: reference
reference: dev-setup ## Renew the tables in docs/ that are made from the code
	$(BIN)/python -m tests.docs.tables

.PHONY: pack
pack: dev-setup pack-plugin pack-federated ## Build all that is handed out into dist/; REPOSITORY=<https://…> says where it is published from
	$(if $(REPOSITORY),$(BIN)/python -m deploy.release.addresses $(DIST)/backstage-plugin-keeptrusts-[0-9]*.tgz '$(REPOSITORY)')
	$(BIN)/python -m build --no-isolation --wheel --outdir $(DIST) .
	$(BIN)/python -c 'import helm_python; print(helm_python.package("deploy/helm/keeptrusts-bff", destination="$(DIST)"))'
	$(BIN)/python -m deploy.release.materials $(DIST)

# Packing changes package.json and puts it back; with its old time make does not take it for a new one and install everything again.
.PHONY: pack-plugin
pack-plugin: node_modules/.installed
	toolchain/yarn tsc
	toolchain/yarn workspace backstage-plugin-keeptrusts build
	mkdir -p $(DIST) && touch -r plugin-frontend/package.json $(DIST)/.time
	toolchain/yarn workspace backstage-plugin-keeptrusts pack --out $(abspath $(DIST))/%s-%v.tgz
	touch -r $(DIST)/.time plugin-frontend/package.json && rm $(DIST)/.time

# For hosts that load plugins at run time.
.PHONY: pack-federated
pack-federated: pack-plugin
	$(BIN)/python -m tests.e2e.harness.federated $(DIST)/backstage-plugin-keeptrusts-[0-9]*.tgz

# The stamps make a second `make` cost nothing; they fall when the lists or the project file change.
.PHONY: setup
setup: $(VENV)/.setup ## Make .venv with the service and its command

.PHONY: dev-setup
dev-setup: $(VENV)/.dev-setup

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0] + ": name another with make PYTHON=…")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.setup: requirements/runtime.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev-setup: requirements/dev.txt $(TERRAFORM_PROVIDER)/pyproject.toml $(VENV)/.setup
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable $(TERRAFORM_PROVIDER)
	@touch $@

# The Backstage of the end-to-end tests: its Node.js and yarn, its packages, its app, and a browser to look at it.
E2E := tests/e2e/backstage
APP := $(E2E)/packages/app
.PHONY: e2e-setup
e2e-setup: dev-setup $(APP)/dist/.built ## Make ready what the end-to-end tests need (minutes once, then seconds)
	@$(BIN)/python -m tests.e2e.harness.chromium

toolchain/node_modules/.installed: toolchain/package-lock.json
	npm ci --prefix toolchain --no-audit --no-fund --loglevel=error
	@touch $@

node_modules/.installed: yarn.lock .yarnrc.yml package.json plugin-frontend/package.json $(wildcard $(E2E)/packages/*/package.json) | toolchain/node_modules/.installed
	toolchain/yarn install --immutable
	@touch $@

tests/e2e/releases/%/node_modules/.installed: tests/e2e/releases/%/package.json tests/e2e/releases/%/yarn.lock | toolchain/node_modules/.installed
	cd tests/e2e/releases/$* && $(CURDIR)/toolchain/yarn install --immutable
	@touch $@

# The list of chunks is long and tells nothing.
$(APP)/dist/.built: node_modules/.installed $(E2E)/app-config.yaml $(shell find plugin-frontend/src $(APP)/src $(APP)/public -type f)
	toolchain/yarn build:app | sed '\,dist/static/,d'
	@touch $@

# --universal: one list for every platform and every Python that the project runs on.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --upgrade
.PHONY: lock
lock: dev-setup ## Renew the pinned dependencies
	cd requirements && ../$(LOCK) ../pyproject.toml -o runtime.txt
	cd requirements && ../$(LOCK) build.in -c runtime.txt -o build.txt
	cd requirements && ../$(LOCK) ../pyproject.toml dev.in -c runtime.txt -c build.txt -o dev.txt
	cd requirements && ../$(LOCK) ../pyproject.toml --all-extras -c dev.txt -o container.txt

.PHONY: clean
clean: ## Remove what the targets above have made
	rm -rf $(VENV) dist build dist-types node_modules toolchain/node_modules $(APP)/dist
