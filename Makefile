# Two commands: `make quickstart` and `make test`. Each makes .venv first if it is not there, with Python 3.11.5 or newer.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: quickstart test test-slow test-lowest lint docs docs-serve build clean

# pip compiles what it installs on one core; compileall uses all of them. Its errors are files for other Pythons.
INSTALL = $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable
COMPILE = $(BIN)/python -m compileall -q -j 0 .venv/lib src > .venv/compileall.log || true

# The package alone, for `make quickstart`; .venv/ready adds the development tools.
.venv/quickstart: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) ".[data]"
	$(COMPILE)
	touch $@

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) ".[dev]"
	$(COMPILE)
	touch .venv/quickstart $@

quickstart: .venv/quickstart
	$(BIN)/gpicl train --config quickstart

test: .venv/ready lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

test-slow: .venv/ready
	$(BIN)/python -m pytest -m slow

# Old releases emit deprecation warnings, and their test plug-ins cannot check shapes.
test-lowest: .venv-lowest/ready
	OMP_NUM_THREADS=1 .venv-lowest/bin/python -m pytest -n 2 --dist loadgroup -o filterwarnings=default \
		-o addopts="-m 'not slow' --strict-markers --import-mode=importlib -q"

.venv-lowest/ready: pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --constraint constraints-lowest.txt --editable ".[docs,test]"
	touch $@

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for folder in . classifier general_purpose tables; do \
		MYPYPATH=benchmarks/$$folder $(BIN)/mypy benchmarks/$$folder/*.py || exit 1; \
	done

# Fails on broken links. The variable silences the theme's notice.
docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "The site: site/index.html"

docs-serve: .venv/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --livereload --strict

build: .venv/ready
	rm -rf dist
	$(BIN)/python -m build

clean:
	rm -rf .venv .venv-lowest dist site
