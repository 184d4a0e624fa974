# SPDX-License-Identifier: GPL-2.0-or-later
# Entry points for people and CI; everything installed by pip goes into .venv, sources into the cache directory.
# Which releases are for what stands in qpatch/trees/releases.yaml: one that cannot be had is named, and stops nothing.

PYTHON ?= python3
VENV := .venv
NEWEST := .venv-newest
BIN := $(VENV)/bin
PIP := pip --disable-pip-version-check install --quiet
UV := uv>=0.9,<1
SERIES ?= series
RESULTS ?= results
DEVICE := $(CURDIR)/.device
COVERAGE := $(CURDIR)/.coverage.json
INSTALL := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
# To be expanded by the shell once the releases before it were fetched: those of a role that are here.
FETCHED = $$($(BIN)/qpatch tree list --names --fetched

# Where this is set, each start of Python compiles qpatch anew, and the tests start it some hundred times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-slow test-tree test-build test-device test-uapi test-lab test-faults test-vm test-vm-round test-newest test-mutation test-mutants coverage goldens \
        format lock deps bench clean

## demo: fetch QEMU releases, render every strategy on each; then stock releases migrate: one loses an interrupt
demo: $(VENV)/installed
	@$(MAKE) --no-print-directory deps FOR="render prebuilt lab lab-aarch64"
	$(BIN)/qpatch tree fetch --missing-ok --kind qemu --role render
	$(BIN)/qpatch render --all --tree $(FETCHED) --kind qemu --role render) -o $(SERIES)
	@stock=; for tree in $$($(BIN)/qpatch tree list --names --role stock); do \
	    if $(BIN)/qpatch build baseline --prebuilt --tree $$tree >/dev/null; then stock="$$stock $$tree"; \
	    else echo "make demo: goes on without the stock $$tree, which cannot be had" >&2; fi; \
	done; \
	test -n "$$stock" || exit 6; \
	echo "$(BIN)/qpatch test baseline --prebuilt --tree$$stock -o $(RESULTS)"; \
	$(BIN)/qpatch test baseline --prebuilt --tree $$stock -o $(RESULTS) || test $$? = 1 # an interrupt is lost: that is the point

## test: the unit tests and linters; needs no sources
test: $(VENV)/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q -n auto

## coverage: lines and branches that the unit tests run, for each room
coverage: $(VENV)/installed-test
	$(BIN)/pytest -q -n auto --cov --cov-report=json:$(COVERAGE)
	$(BIN)/python -m bench.room_coverage $(COVERAGE)

## test-mutation: change one token at a time, and see whether a unit test notices; half an hour on two cores
test-mutation: $(VENV)/installed-test
	mkdir -p $(RESULTS)
	$(BIN)/python -m bench.mutation -j $$(nproc) >$(RESULTS)/mutation.json

## test-mutants: a thousand mutants of what edits are made on: no edit may go wrong in silence, misses name their cause
test-mutants: $(VENV)/installed-test
	$(BIN)/python -m bench.mutants --number 1000 --seed 10

## test-slow: unit tests that take long by their nature: something is killed again and again
test-slow: $(VENV)/installed-test
	$(BIN)/pytest -q -n auto -m slow

## test-tree: the tests on real sources, fetched if they are not in the cache
test-tree: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch --missing-ok --role render
	$(BIN)/pytest -q -n auto -m tree

## test-build: build releases, every patch of each series, and kernel modules, which are booted; needs the packages of `make deps`
test-build: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch --missing-ok --role build
	@trees=$(FETCHED) --kind qemu --role build); \
	if test -z "$$trees"; then echo "make test-build: no release of QEMU is here to be built" >&2; \
	else echo "$(BIN)/qpatch build baseline --tree" $$trees; $(BIN)/qpatch build baseline --tree $$trees; fi
	$(BIN)/pytest -q -m build

## test-uapi: the tests of VFIO's uAPI on the emulated device, with sanitizers
test-uapi:
	$(MAKE) -C kernel-selftests/emu O=$(DEVICE) SANITIZE=1 $(DEVICE)/libqpatch-emu.so
	$(MAKE) -C kernel-selftests/uapi O=$(DEVICE)/uapi SANITIZE=1 EMULATION=$(DEVICE)/libqpatch-emu.so check

## test-device: the unit tests of the emulated device with sanitizers, tests of the uAPI, a minute of random calls
test-device: test-uapi
	$(MAKE) -C kernel-selftests/emu O=$(DEVICE) SANITIZE=1 check
	$(MAKE) -C kernel-selftests/emu/tests O=$(DEVICE)/tests SANITIZE=1 SECONDS=60 fuzz

## test-lab: migrate an emulated device with builds of 5.2 and 10.2 and with Debian's binaries; builds what is not built
test-lab: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch --missing-ok --kind qemu --role build
	$(BIN)/pytest -q -m lab

## test-faults: plant each fault of tests/faults in QEMU 10.2, the device and the guest: the lab has to see it
test-faults: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch --missing-ok --kind qemu --role build
	$(BIN)/pytest -q -m faults

## test-vm: what boots a virtual machine, a lab kernel built from nothing among it: a quarter of an hour on two cores
test-vm: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch --missing-ok --kind linux --role build
	$(BIN)/pytest -q -m vm

## test-vm-round: of those, one round of the vm lab: the tests of the uAPI on mtty, and one migration
test-vm-round: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch --missing-ok --kind linux --role build
	$(BIN)/pytest -q -m vmround

## test-newest: linters and unit tests with the newest versions that pyproject.toml allows; says what broke
test-newest:
	$(PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/bin/$(PIP) -e '.[test,bench]'
	$(NEWEST)/bin/python requirements/newest.py

## format: let ruff format the Python code, and mend what it can
format: $(VENV)/installed-test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

## lock: lock the newest versions that pyproject.toml allows, for every Python that it allows
lock: $(VENV)/bin/pip
	$(BIN)/$(PIP) '$(UV)'
	$(BIN)/python requirements/lock.py

## deps: install the Debian packages that `qpatch doctor` misses; as root. FOR="lab prebuilt": only what those need
deps: $(VENV)/installed
	@packages=$$($(BIN)/qpatch doctor --packages $(addprefix --for ,$(FOR))) || exit; \
	test -n "$$packages" || exit 0; \
	test "$$(id -u)" = 0 || { echo "make deps: only root can install packages" >&2; exit 1; }; \
	$(INSTALL) $$packages && $(BIN)/qpatch doctor $(addprefix --for ,$(FOR))

## bench: the measurements of docs/benchmarks.md, as one JSON document
bench: $(VENV)/installed-test
	$(BIN)/qpatch tree fetch --missing-ok --kind qemu --role render
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) $(NEWEST) $(SERIES) $(RESULTS) $(DEVICE) $(COVERAGE) .coverage

# Debian's python3 has venv only with the package python3-venv.
$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV) || { $(INSTALL) python3-venv && $(PYTHON) -m venv --clear $(VENV); }

# The lock has what builds qpatch, too, so that pip need not fetch that without a hash.
$(VENV)/installed: $(VENV)/bin/pip pyproject.toml requirements/run.txt
	$(BIN)/$(PIP) --require-hashes --only-binary :all: -r requirements/run.txt
	$(BIN)/$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/installed-test: $(VENV)/installed requirements/test.txt
	$(BIN)/$(PIP) --require-hashes --only-binary :all: -r requirements/test.txt
	touch $@

## goldens: write the golden mails of tests/goldens anew, after a change that is wanted
goldens: $(VENV)/installed-test
	QPATCH_UPDATE_GOLDENS=1 $(BIN)/pytest -q tests/test_series_goldens.py
