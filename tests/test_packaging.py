# SPDX-License-Identifier: GPL-2.0-or-later
"""What the project installs and under which terms it stands: bounds, lock, license."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILD = [Requirement(text) for text in PROJECT["build-system"]["requires"]]
RUN = [*BUILD, *(Requirement(text) for text in PROJECT["project"]["dependencies"])]
TEST = [*RUN, *(Requirement(text) for extra in PROJECT["project"]["optional-dependencies"].values() for text in extra)]
PIN = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?: ; [^\\]*)? \\$(?P<hashes>(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?$)+)",
    re.M,
)
# The trees of QEMU's and Linux's that tests work on are no source files of this project.
SOURCES = ("*.py", "*.c", "*.h", "*.S", "*.ld", "*Makefile", "qpatch/*.yaml", ".ci/run", ".pre-commit-config.yaml")
EXEMPT = ("strategies/", "templates/", "tests/miniature/", "qpatch/strategy/skeleton/")


def lock(name: str) -> dict[str, Version]:
    """Return the locked version of every distribution in a file of requirements."""
    pins = PIN.finditer((ROOT / "requirements" / name).read_text(encoding="utf-8"))
    return {canonicalize_name(pin["name"]): Version(pin["version"]) for pin in pins}


@pytest.mark.parametrize("requirement", TEST, ids=str)
def test_every_dependency_has_both_bounds(requirement: Requirement) -> None:
    operators = {specifier.operator for specifier in requirement.specifier}
    assert operators == {">=", "<"}


@pytest.mark.parametrize(("name", "requirements"), [("run.txt", RUN), ("test.txt", TEST)])
def test_the_lock_has_every_dependency_within_its_bounds(name: str, requirements: list[Requirement]) -> None:
    locked = lock(name)
    outside = [
        str(requirement)
        for requirement in requirements
        if (version := locked.get(canonicalize_name(requirement.name))) is None or version not in requirement.specifier
    ]
    assert not outside, f"{', '.join(outside)}: run `make lock`"


@pytest.mark.parametrize("name", ["run.txt", "test.txt"])
def test_every_line_of_the_lock_is_a_version_with_hashes(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    rest = re.sub(r"^ *#.*\n", "", PIN.sub("", text), flags=re.MULTILINE)
    assert rest.strip() == ""
    assert "://" not in text and "-url" not in text


def test_tests_run_with_what_qpatch_runs_with() -> None:
    assert lock("run.txt").items() <= lock("test.txt").items()


def test_the_oldest_python_that_is_allowed_can_use_the_lock() -> None:
    assert SpecifierSet(PROJECT["project"]["requires-python"]) == SpecifierSet(">=3.11")
    assert '"--python-version", "3.11"' in (ROOT / "requirements" / "lock.py").read_text(encoding="utf-8")


def source_files() -> list[str]:
    """Return the source files of the project that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SOURCES],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return sorted(
        {name for name in listed.split("\0") if name and not name.startswith(EXEMPT) and (ROOT / name).exists()}
    )


def test_every_source_file_names_its_license() -> None:
    files = source_files()
    assert "qpatch/errors.yaml" in files and "kernel-selftests/emu/Makefile" in files
    line = re.compile(r"^(#|//|/\*) SPDX-License-Identifier: GPL-2\.0-or-later( \*/)?$", re.MULTILINE)
    without = [name for name in files if not line.search((ROOT / name).read_text(encoding="utf-8")[:200])]
    assert without == []


def test_the_wheel_has_the_license(tmp_path: Path) -> None:
    build = "import hatchling.build as b, sys; b.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (text,) = (name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        assert archive.read(text) == (ROOT / "LICENSE").read_bytes()
        assert "License-Expression: GPL-2.0-or-later\n" in archive.read(metadata).decode()


@pytest.mark.parametrize("name", ["Makefile", ".ci/run"])
def test_releases_are_named_in_their_list_alone(name: str) -> None:
    assert not re.search(r"\b(qemu|linux)-\d", (ROOT / name).read_text(encoding="utf-8"))
