# `make` lists the targets. The first use of any of them installs what it needs into .venv and .tools, from nothing
# but Python 3.11 or newer and make; see scripts/bootstrap.py. Paths are relative throughout: a checkout may lie in a
# folder with spaces in its name.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A Python to use instead of the newest that is found, e.g. make test PYTHON=python3.12
PYTHON ?=
# More arguments for the command behind a target, e.g. make demo ARGS="--port 9000 --fans 500"
ARGS ?=

PY := .venv/bin/python
# The stamp's name tells the folder and the PYTHON that it was made for: elsewhere, or with another, it is not there.
READY := .venv/.ready-$(shell { pwd; echo "$(PYTHON)"; } | cksum | cut -d ' ' -f 1)

WEB_SOURCES := $(shell find web -type f ! -path 'web/node_modules/*' ! -path 'web/dist/*' ! -path 'web/.*' 2>/dev/null)
WEB_INSTALLED := web/node_modules/.installed
WEB_BUILT := web/dist/.built
IN_WEB := cd web && ../scripts/node.sh

# Tests wait more than they work: three processes, each with its own servers. ARGS="-n 0" for one, as debuggers want.
MANY := -n 3 --dist loadscope

# Code that mypy checks beside the package, each by its path from here.
TYPED_EXTRAS := bench scripts tests/scripts tests/servers

.PHONY: help
help: ## List the targets
	@echo "Usage: make TARGET [PYTHON=python3.12] [ARGS=\"…\"]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(READY) web ## Run everything on this machine, a show on sale; ARGS="--port N --fans N"
	@$(PY) -m ticketing demo $(ARGS)

.PHONY: test
test: $(READY) ## Run the tests that take seconds; ARGS="-k holds"
	@$(PY) -m pytest -m "not slow and not browser and not infra" $(MANY) $(ARGS)

.PHONY: test-slow
test-slow: $(READY) web ## Run what `make test` leaves out: drills, races, browser
	@$(PY) -m pytest -m "(slow or browser) and not infra" $(MANY) $(ARGS)

.PHONY: test-all
test-all: $(READY) web ## Run all tests: browser, drills and races as well
	@$(PY) -m pytest -m "not infra" $(MANY) $(ARGS)

.PHONY: test-infra
test-infra: $(READY) ## Prove the Terraform code offline: apply, plan, destroy on a double of AWS
	@scripts/test-infra.sh

.PHONY: cost
ENV ?= dev
cost: $(READY) ## What an environment costs in a month; ENV=prod
	@$(PY) scripts/cost.py $(ENV) $(ARGS)

.PHONY: check
check: lint types imports web-check ## Check style, types and import direction of all code; -k shows all that is amiss

.PHONY: lint types imports web-check
lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
types: $(READY)
	$(PY) -m mypy
	MYPYPATH=.:src $(PY) -m mypy --explicit-package-bases $(TYPED_EXTRAS)
imports: $(READY)
	.venv/bin/lint-imports
web-check: $(WEB_INSTALLED)
	$(IN_WEB) npm run check
	$(IN_WEB) npm test

.PHONY: web
web: $(WEB_BUILT) ## Build the web pages into web/dist

.PHONY: stack
stack: $(READY) ## Start the stack that drills break, print where everything is; needs haproxy, nginx, mariadb
	@$(PY) -m tests.drills.run_stack $(ARGS)

.PHONY: drills
drills: $(READY) ## Break each part in mid-sale and print a table; ARGS="kill cache-fail-over --report FILE"
	@$(PY) -m tests.drills.programme $(ARGS)

.PHONY: soak
soak: $(READY) ## Sell for an hour and see whether anything grows; ARGS="--minutes 30"
	@$(PY) -m tests.drills.soak $(ARGS)

.PHONY: bench
bench: $(READY) ## Print every table of docs/performance.md, an hour; ARGS="fulfil line:cdn" for some
	@$(PY) -m bench $(ARGS)

.PHONY: install
install: $(READY) ## Only install, into .venv

.PHONY: lock
lock: $(READY) ## Resolve requirements*.txt anew from pyproject.toml; ARGS=--upgrade for the newest
	@$(PY) scripts/bootstrap.py lock $(ARGS)

.PHONY: clean
clean: ## Remove what was built, keep what was installed
	rm -rf web/dist build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . \( -path ./.venv -o -path ./.tools -o -path ./web/node_modules \) -prune -o \
	    -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove what was installed as well: .venv, .tools, web/node_modules
	rm -rf .venv .tools web/node_modules

$(READY): requirements-dev.txt scripts/uv.txt scripts/bootstrap.py pyproject.toml
	@python="$$(PYTHON="$(PYTHON)" scripts/python.sh)" && \
	    "$$python" scripts/bootstrap.py venv --stamp $@ $(if $(PYTHON),--exact)

$(WEB_INSTALLED): web/package.json web/package-lock.json scripts/node.txt | $(READY)
	$(IN_WEB) npm ci --no-audit --no-fund
	@touch $@

$(WEB_BUILT): $(WEB_INSTALLED) $(WEB_SOURCES)
	$(IN_WEB) npm run build
	@touch $@
