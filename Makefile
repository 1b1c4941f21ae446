# Works from any folder (make -C), as root or as an ordinary user. PYTHON=python3.12 names another Python.
PYTHON ?= python3
READY = $(PYTHON) -I app/local/environment.py
.PHONY: help run test lint bench

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile
run: ## set everything up and run Perennial with its demo until Ctrl-C
	@$(READY) run && exec .venv/bin/perennial run
test: ## run the whole test suite on its own PostgreSQL and Valkey
	@$(READY) test && exec .venv/bin/python -m pytest -n auto $(PYTEST_ARGS)
lint: ## check style and types
	@$(READY) test && .venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy
bench: ## measure the targets of docs on this machine
	@$(READY) test && exec .venv/bin/perennial bench
