# SPDX-License-Identifier: GPL-2.0-or-later
# Entry points for people and CI; everything installed by pip goes into .venv, sources into the cache directory.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
QEMU_TREES := qemu-5.2 qemu-7.2 qemu-10.0 qemu-10.2
BUILD_TREES := qemu-5.2 qemu-10.2
STOCK_TREES := qemu-5.2 qemu-10.0
LINUX_TREES := linux-6.1 linux-6.12
SERIES ?= series
RESULTS ?= results
DEVICE := $(CURDIR)/.device
COVERAGE := $(CURDIR)/.coverage.json
INSTALL := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

.PHONY: demo test goldens test-tree test-build test-device test-lab test-vm deps check coverage test-mutation bench clean

## demo: fetch four QEMU releases, render every strategy on each; then two stock releases migrate: one loses an interrupt
demo: $(VENV)/installed
	@$(MAKE) --no-print-directory deps FOR="render prebuilt lab lab-aarch64"
	$(BIN)/qpatch tree fetch $(QEMU_TREES)
	$(BIN)/qpatch render --all $(addprefix --tree ,$(QEMU_TREES)) -o $(SERIES)
	$(BIN)/qpatch test baseline --prebuilt --tree $(STOCK_TREES) -o $(RESULTS) || test $$? = 1 # an interrupt is lost: that is the point

## test: the unit tests and linters; needs no sources
test: $(VENV)/installed-test
	$(BIN)/ruff check qpatch tests bench
	$(BIN)/mypy
	$(BIN)/pytest -q -n auto

## coverage: lines and branches that the unit tests run, for each room
coverage: $(VENV)/installed-test
	$(BIN)/pytest -q -n auto --cov --cov-report=json:$(COVERAGE)
	$(BIN)/python -m bench.room_coverage $(COVERAGE)

## test-mutation: change one token at a time, and see whether a unit test notices; half an hour on two cores
test-mutation: $(VENV)/installed-test
	mkdir -p $(RESULTS)
	$(BIN)/python -m bench.mutation -j $$(nproc) >$(RESULTS)/mutation.json

## test-tree: the tests on real sources, fetched if they are not in the cache (those of Linux are skipped if it is not to be had)
test-tree: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch $(QEMU_TREES)
	-$(BIN)/qpatch tree fetch linux-6.12
	$(BIN)/pytest -q -n auto -m tree

## test-build: build releases, every patch of each series, and kernel modules, which are booted; needs the packages of `make deps`
test-build: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch $(BUILD_TREES)
	-$(BIN)/qpatch tree fetch $(LINUX_TREES)
	$(BIN)/qpatch build baseline --tree $(BUILD_TREES)
	$(BIN)/pytest -q -m build

## test-device: the unit tests of the emulated device with sanitizers, then a minute of random calls
test-device:
	$(MAKE) -C kernel-selftests/emu O=$(DEVICE) SANITIZE=1 check
	$(MAKE) -C kernel-selftests/emu/tests O=$(DEVICE)/tests SANITIZE=1 SECONDS=60 fuzz

## test-lab: migrate an emulated device with builds of 5.2 and 10.2 and with Debian's binaries; builds what is not built
test-lab: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch $(BUILD_TREES)
	$(BIN)/pytest -q -m lab

## test-vm: what boots a virtual machine, a lab kernel built from nothing among it: a quarter of an hour on two cores
test-vm: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch $(LINUX_TREES)
	$(BIN)/pytest -q -m vm

## deps: install the Debian packages that `qpatch doctor` misses; as root. FOR="lab prebuilt": only what those need
deps: $(VENV)/installed
	@packages=$$($(BIN)/qpatch doctor --packages $(addprefix --for ,$(FOR))) || exit; \
	test -n "$$packages" || exit 0; \
	test "$$(id -u)" = 0 || { echo "make deps: only root can install packages" >&2; exit 1; }; \
	$(INSTALL) $$packages && $(BIN)/qpatch doctor $(addprefix --for ,$(FOR))

## bench: the measurements of docs/benchmarks.md, as one JSON document
bench: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch $(QEMU_TREES)
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) $(SERIES) $(RESULTS) $(DEVICE)

# Debian's python3 has venv only with the package python3-venv.
$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV) || { $(INSTALL) python3-venv && $(PYTHON) -m venv --clear $(VENV); }

$(VENV)/installed: $(VENV)/bin/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test,bench]'
	touch $@

## goldens: write the golden mails of tests/goldens anew, after a change that is wanted
goldens: $(VENV)/installed-test
	QPATCH_UPDATE_GOLDENS=1 $(BIN)/pytest -q tests/test_series_goldens.py
