# Entry points for people and CI; everything installed by pip goes into .venv, sources into the cache directory.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
QEMU_TREES := qemu-5.2 qemu-7.2 qemu-10.0 qemu-10.2
SERIES ?= series

.PHONY: demo test test-tree check bench clean

## demo: fetch four QEMU releases and render every strategy on each
demo: $(VENV)/installed
	$(BIN)/qpatch tree fetch $(QEMU_TREES)
	$(BIN)/qpatch render --all $(addprefix --tree ,$(QEMU_TREES)) -o $(SERIES)

## test: the unit tests and linters; needs no sources
test: $(VENV)/installed-test
	$(BIN)/ruff check qpatch tests bench
	$(BIN)/mypy
	$(BIN)/pytest -q -n auto

## test-tree: the tests on real QEMU sources, fetched if they are not in the cache
test-tree: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch $(QEMU_TREES)
	$(BIN)/pytest -q -n auto -m tree

## bench: the measurements of docs/benchmarks.md, as JSON
bench: $(VENV)/installed-test
	$(BIN)/python bench/edits.py
	$(BIN)/python bench/render.py

clean:
	rm -rf $(VENV) $(SERIES)

# Debian's python3 has venv only with the package python3-venv.
$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV) || { apt-get install -y python3-venv && $(PYTHON) -m venv --clear $(VENV); }

$(VENV)/installed: $(VENV)/bin/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test,bench]'
	touch $@
