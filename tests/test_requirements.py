# SPDX-License-Identifier: GPL-2.0-or-later
"""What qpatch needs of the machine: each kind of requirement, `qpatch doctor`, `make deps`."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qpatch.cli.main import main
from qpatch.errors import EnvironmentFault, ExitCode
from qpatch.requirements import (
    CommandCheck,
    FileCheck,
    HeaderCheck,
    LibraryCheck,
    ProgramCheck,
    PythonModuleCheck,
    Requirement,
    RequirementCheck,
    examine,
    groups,
    missing_program,
    require,
    require_programs,
    requirements,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAKEFILE = Path(__file__).parents[1] / "Makefile"
# The group asked for by most tests, and its one requirement that is only recommended.
GROUP = "build-qemu"
RECOMMENDED = "ccache"
# Answers as cc and pkg-config do: headers are files in $HEADERS, versions of libraries are in $LIBRARIES/NAME.
CC = """#!/bin/sh
while [ $# -gt 0 ]; do
    [ "$1" = -include ] && { [ -f "$HEADERS/$2" ]; exit; }
    shift
done
"""
PKG_CONFIG = """#!/bin/sh
while read -r version; do echo "$version"; exit 0; done 2>/dev/null < "$LIBRARIES/$2"
exit 1
"""
VERSION = "#!/bin/sh\necho tool version 99.0\n"


class Machine:
    """A machine that has nothing but what is put into it."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs, self.headers, self.libraries = (directory / name for name in ("bin", "include", "libraries"))
        for place in (self.programs, self.headers, self.libraries):
            place.mkdir()
        monkeypatch.setenv("PATH", str(self.programs))
        monkeypatch.setenv("HEADERS", str(self.headers))
        monkeypatch.setenv("LIBRARIES", str(self.libraries))

    def program(self, name: str, script: str = VERSION) -> None:
        """Put a program on PATH."""
        (self.programs / name).write_text(script)
        (self.programs / name).chmod(0o755)

    def compiler(self, *headers: str) -> None:
        """Put a compiler on PATH that finds `headers`."""
        self.program("cc", CC)
        for header in headers:
            (self.headers / header).touch()

    def package_database(self, **versions: str) -> None:
        """Put a pkg-config on PATH that knows the libraries `versions`."""
        self.program("pkg-config", PKG_CONFIG)
        for name, version in versions.items():
            (self.libraries / name).write_text(f"{version}\n")

    def furnish(self, group: str) -> None:
        """Put in all that `group` needs and programs can stand for."""
        self.compiler()
        self.package_database()
        for requirement in requirements([group]):
            match requirement.check:
                case ProgramCheck(name) if name not in ("cc", "pkg-config"):
                    self.program(name)
                case LibraryCheck(name):
                    (self.libraries / name).write_text("99.0\n")
                case HeaderCheck(name):
                    (self.headers / name).touch()

    def remove(self, program: str) -> None:
        """Take a program away."""
        (self.programs / program).unlink()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def doctor(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Run `qpatch doctor --json`; return the exit code and the document."""
    code = main(["doctor", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_program_of_a_version(machine: Machine) -> None:
    assert ProgramCheck("tool").missing() == "tool is not on PATH"
    machine.program("tool")
    assert ProgramCheck("tool").missing() == ""
    assert ProgramCheck("tool", "99").missing() == ProgramCheck("tool", "99.0").missing() == ""
    assert ProgramCheck("tool", "99.0.1").missing() == "tool is 99.0, 99.0.1 is needed"
    machine.program("tool", "#!/bin/sh\nexit 1\n")
    assert ProgramCheck("tool", "1.0").missing() == "tool is of unknown version, 1.0 is needed"


def test_what_is_on_path_must_be_executable(machine: Machine) -> None:
    machine.program("tool")
    (machine.programs / "tool").chmod(0o644)
    assert ProgramCheck("tool").missing() == "tool is not on PATH"


def test_a_command_that_succeeds(machine: Machine) -> None:
    check = CommandCheck(("tool", "-m", "x"))
    assert check.missing() == "tool is not on PATH"
    machine.program("tool", '#!/bin/sh\n[ "$*" = "-m x" ]\n')
    assert check.missing() == ""
    machine.program("tool", "#!/bin/sh\nexit 1\n")
    assert check.missing() == "'tool -m x' fails"


def test_a_file(tmp_path: Path) -> None:
    check = FileCheck(str(tmp_path / "file"))
    assert check.missing() == f"{tmp_path / 'file'} is not there"
    (tmp_path / "file").touch()
    assert check.missing() == ""


def test_a_library(machine: Machine) -> None:
    assert LibraryCheck("glib").missing() == "glib cannot be looked for: pkg-config is not on PATH"
    machine.package_database(glib="2.66.8")
    assert LibraryCheck("glib").missing() == LibraryCheck("glib", "2.66").missing() == ""
    assert LibraryCheck("glib", "2.70").missing() == "glib is 2.66.8, 2.70 is needed"
    assert LibraryCheck("pixman").missing() == "pkg-config does not know pixman"


def test_a_header(machine: Machine) -> None:
    assert HeaderCheck("fdt.h").missing() == "fdt.h cannot be looked for: cc is not on PATH"
    machine.compiler()
    assert HeaderCheck("fdt.h").missing() == "the C compiler does not find fdt.h"
    machine.compiler("fdt.h")
    assert HeaderCheck("fdt.h").missing() == ""


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_header_that_a_real_compiler_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPATH", str(tmp_path))
    assert HeaderCheck("of-ours.h").missing() == "the C compiler does not find of-ours.h"
    (tmp_path / "of-ours.h").write_text("int x;\n")
    assert HeaderCheck("of-ours.h").missing() == ""
    (tmp_path / "of-ours.h").write_text("#include <of-another-package.h>\n")
    assert HeaderCheck("of-ours.h").missing() == "the C compiler does not find of-ours.h"


def test_a_python_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PythonModuleCheck("brought_by_a_package").missing() == "Python has no module brought_by_a_package"
    (tmp_path / "brought_by_a_package.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert PythonModuleCheck("brought_by_a_package").missing() == ""


def test_every_entry_is_of_a_known_group_and_kind() -> None:
    known = requirements()
    assert {group for requirement in known for group in requirement.groups} == set(groups())
    kinds: list[type[RequirementCheck]] = [
        ProgramCheck,
        CommandCheck,
        FileCheck,
        LibraryCheck,
        HeaderCheck,
        PythonModuleCheck,
    ]
    assert {type(requirement.check) for requirement in known} == set(kinds)
    names = [requirement.name for requirement in known]
    assert len(names) == len(set(names))


def test_groups_overlap() -> None:
    of_both = requirements(["build-qemu", "build-kernel"])
    assert {"ninja", "cc", "bc"} <= {requirement.name for requirement in of_both}
    assert "git" not in {requirement.name for requirement in of_both}
    assert len(of_both) < len(requirements(["build-qemu"])) + len(requirements(["build-kernel"]))


def test_a_furnished_machine_can_build(machine: Machine) -> None:
    machine.furnish(GROUP)
    require_programs(GROUP)
    require(GROUP)


def test_what_is_only_recommended_is_not_insisted_on(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.furnish(GROUP)
    machine.remove(RECOMMENDED)
    require_programs(GROUP)
    require(GROUP)
    code, document = doctor(capsys, "--for", GROUP)
    (entry,) = [entry for entry in document["requirements"] if not entry["ok"]]
    assert code == ExitCode.OK
    assert (entry["name"], entry["recommended"], document["packages"]) == (RECOMMENDED, True, [RECOMMENDED])


def test_a_build_names_all_that_is_missing_and_the_command(machine: Machine) -> None:
    machine.furnish(GROUP)
    machine.remove("ninja")
    (machine.headers / "libfdt.h").unlink()
    with pytest.raises(EnvironmentFault) as caught:
        require(GROUP)
    assert caught.value.code == "requirements-missing"
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    assert caught.value.message == (
        "compiling QEMU is impossible here: ninja is not on PATH; the C compiler does not find libfdt.h"
    )
    assert caught.value.hint == (
        "as root: apt-get update && apt-get install --no-install-recommends libfdt-dev ninja-build"
    )


def test_the_quick_look_is_for_programs_and_starts_none(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.furnish(GROUP)
    machine.remove("make")
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    with pytest.raises(EnvironmentFault, match="make is not on PATH") as caught:
        require_programs(GROUP)
    assert caught.value.hint.endswith(" make")


def test_a_program_missing_in_the_midst_of_things(machine: Machine) -> None:
    fault = missing_program("ninja")
    assert (fault.code, fault.message) == ("program-missing", "ninja is not on PATH")
    assert fault.hint.endswith("install --no-install-recommends ninja-build")
    assert missing_program("unheard-of").hint == ""


def test_doctor_names_what_is_missing(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.program("git", "#!/bin/sh\necho git version 2.20.1\n")
    machine.program("apt-get")
    code, document = doctor(capsys)
    entries = {entry["name"]: entry for entry in document["requirements"]}
    assert code == ExitCode.ENVIRONMENT
    assert entries["perl"]["reason"] == "perl is not on PATH"
    assert entries["git"] == {
        "name": "git",
        "package": "git",
        "ok": False,
        "groups": ["render"],
        "recommended": False,
        "reason": "git is 2.20.1, 2.32 is needed",
    }
    assert entries["apt-get"]["ok"]
    assert {"git", "perl", "gpgv", "ninja-build"} <= set(document["packages"])
    assert "apt" in document["packages"]  # apt-cache is missing
    assert document["install"].endswith(" ".join(document["packages"]))


@pytest.mark.parametrize("program", ["cc", "gcc", "make", "setpriv"])
def test_the_lab_needs_a_compiler(machine: Machine, program: str) -> None:
    machine.furnish("lab")
    require("lab")
    machine.remove(program)
    with pytest.raises(EnvironmentFault, match=f"migrating emulated devices is impossible here: .*{program}"):
        require("lab")


def test_a_guest_for_another_processor_needs_a_cross_compiler(machine: Machine) -> None:
    machine.furnish("lab")
    with pytest.raises(EnvironmentFault, match="aarch64-linux-gnu-gcc is not on PATH") as caught:
        require_programs("lab-aarch64")
    assert caught.value.hint.endswith("install --no-install-recommends gcc-aarch64-linux-gnu")
    machine.program("aarch64-linux-gnu-gcc")
    require("lab-aarch64")


def test_doctor_for_one_purpose(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.furnish(GROUP)
    assert main(["doctor", "--for", GROUP]) == ExitCode.OK
    captured = capsys.readouterr()
    assert (captured.out.split()[:2], captured.err) == (["name", "for"], "")
    assert main(["doctor", "--for", GROUP, "--for", "render"]) == ExitCode.ENVIRONMENT
    assert "apt-get install --no-install-recommends" in capsys.readouterr().err
    assert main(["doctor", "--for", "flying"]) == ExitCode.USAGE
    assert "build-kernel" in capsys.readouterr().err


def test_the_table_tells_groups_and_recommendations(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "build-qemu, build-kernel" in rows["cc"]
    assert "ccache is not on PATH (recommended)" in rows["ccache"]


def test_missing_packages_for_a_script(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.furnish(GROUP)
    assert main(["doctor", "--for", GROUP, "--packages"]) == ExitCode.OK
    assert capsys.readouterr().out == ""
    machine.remove("ninja")
    machine.remove("bzip2")
    machine.remove(RECOMMENDED)
    assert main(["doctor", "--for", GROUP, "--packages"]) == ExitCode.OK
    assert capsys.readouterr().out == "bzip2\nccache\nninja-build\n"


def test_checks_wait_for_each_other_no_longer_than_they_must(machine: Machine, tmp_path: Path) -> None:
    # Each ends well only if all of them run at the same time.
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    machine.program(
        "meets",
        f"#!/bin/sh\n: > {meeting}/$1\n"
        "for try in $(/usr/bin/seq 6000); do\n"
        f"  set -- {meeting}/*; [ $# = 4 ] && exit 0; /bin/sleep 0.01\n"
        "done\nexit 1\n",
    )
    needed = [Requirement(f"number {name}", CommandCheck(("meets", name)), "", "", ()) for name in "abcd"]
    assert [finding.reason for finding in examine(needed)] == [""] * len(needed)


MAKE_MISSING = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
# doctor of a machine whose missing packages are in the file `missing`, which apt-get installs.
QPATCH = """#!/bin/sh
case "$*" in
"doctor --packages") cat missing ;;
doctor) ! grep -q . missing ;;
esac
"""
APT_GET = """#!/bin/sh
echo "$DEBIAN_FRONTEND: $*" >> apt-get.log
case "$1" in install) : > missing ;; esac
"""


def make(directory: Path, goal: str, programs: Mapping[str, str], qpatch: str) -> subprocess.CompletedProcess[str]:
    """Run make with the project's Makefile where `qpatch` is installed, and the programs come first on PATH."""
    shutil.copy(MAKEFILE, directory / "Makefile")
    for place, scripts in ((directory / "bin", programs), (directory / ".venv" / "bin", {"qpatch": qpatch, "pip": ""})):
        place.mkdir(parents=True)
        for name, script in scripts.items():
            (place / name).write_text(script)
            (place / name).chmod(0o755)
    (directory / "requirements").mkdir()
    for name in ("pyproject.toml", "requirements/run.txt", ".venv/installed"):
        (directory / name).touch()
    environment = {**os.environ, "PATH": f"{directory / 'bin'}:{os.environ['PATH']}"}
    for variable in ("MAKEFLAGS", "MAKELEVEL"):  # of the make that runs the tests
        environment.pop(variable, None)
    return subprocess.run(["make", goal], cwd=directory, env=environment, capture_output=True, text=True, check=False)


def make_deps(directory: Path, *, missing: str, user: int = 0, apt_get: str = APT_GET) -> tuple[bool, str, str]:
    """Run `make deps` where `missing` packages are; return success, what apt-get was asked for, and all output."""
    (directory / "missing").write_text(missing)
    (directory / "apt-get.log").touch()
    done = make(directory, "deps", {"apt-get": apt_get, "id": f"#!/bin/sh\necho {user}\n"}, QPATCH)
    return done.returncode == 0, (directory / "apt-get.log").read_text(), done.stdout + done.stderr


@MAKE_MISSING
def test_make_deps_installs_what_doctor_misses(tmp_path: Path) -> None:
    succeeded, asked, output = make_deps(tmp_path, missing="flex\nninja-build\n")
    assert succeeded, output
    update, install = asked.splitlines()
    assert " update" in update
    assert install.startswith("noninteractive: install -y ")
    assert install.endswith(" --no-install-recommends flex ninja-build")


@MAKE_MISSING
def test_make_deps_does_nothing_where_nothing_is_missing(tmp_path: Path) -> None:
    assert make_deps(tmp_path, missing="", user=1000) == (True, "", "")


@MAKE_MISSING
def test_make_deps_needs_root(tmp_path: Path) -> None:
    succeeded, asked, output = make_deps(tmp_path, missing="flex\n", user=1000)
    assert (succeeded, asked) == (False, "")
    assert "only root" in output


@MAKE_MISSING
@pytest.mark.parametrize("apt_get", ["#!/bin/sh\nexit 100\n", "#!/bin/sh\n"])
def test_make_deps_fails_where_something_stays_missing(tmp_path: Path, apt_get: str) -> None:
    assert not make_deps(tmp_path, missing="flex\n", apt_get=apt_get)[0]


# Knows two releases, of which mine-1 was fetched; what it is asked is written down. Of mine-2 there is no stock binary.
DEMO_QPATCH = """#!/bin/sh
echo "$*" >> asked
case "$*" in
"tree list --names --fetched "*) echo mine-1 ;;
"tree list --names "*) echo mine-1; echo mine-2 ;;
"build "*mine-@GONE@) echo "error: gone" >&2; exit 6 ;;
"test "*) exit @TEST@ ;;
esac
"""


def make_demo(directory: Path, *, gone: str, test: int = 1) -> tuple[bool, str, str]:
    """Run `make demo`; return success, what qpatch was asked, and all output."""
    done = make(directory, "demo", {}, DEMO_QPATCH.replace("@GONE@", gone).replace("@TEST@", str(test)))
    return done.returncode == 0, (directory / "asked").read_text(), done.stdout + done.stderr


@MAKE_MISSING
def test_make_demo_goes_on_without_what_cannot_be_had(tmp_path: Path) -> None:
    succeeded, asked, output = make_demo(tmp_path, gone="2")
    assert succeeded, output
    assert "\nrender --all --tree mine-1 -o series\n" in asked
    assert asked.endswith("\ntest baseline --prebuilt --tree mine-1 -o results\n")
    assert "make demo: goes on without the stock mine-2, which cannot be had" in output


@MAKE_MISSING
@pytest.mark.parametrize(("gone", "test"), [("[12]", 1), ("none", 6)])
def test_make_demo_fails_where_it_shows_nothing(tmp_path: Path, gone: str, test: int) -> None:
    assert not make_demo(tmp_path, gone=gone, test=test)[0]


# One part cannot fetch a release, and fails; the others are none the worse for it.
CI_MAKE = """#!/bin/sh
case "$1" in
test-tree) echo "MISSING: mine-2: no mirror has it"; echo "mine-2: 7 tests were skipped; see there"; exit 1 ;;
esac
echo "sources $QPATCH_SOURCES"
"""


def test_ci_runs_every_part_and_sums_up(tmp_path: Path) -> None:
    run, programs, sources = (tmp_path / name for name in ("project/.ci/run", "bin", "shared/sources"))
    for place in (run.parent, programs, sources):
        place.mkdir(parents=True)
    shutil.copy(MAKEFILE.parent / ".ci" / "run", run)
    for name in ("git", "gpg", "perl", "python3", "make"):
        (programs / name).write_text(CI_MAKE if name == "make" else "#!/bin/sh\n")
        (programs / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    environment.pop("QPATCH_SOURCES", None)
    done = subprocess.run(["bash", run], env=environment, capture_output=True, text=True, check=False)
    missing, times = done.stdout.split("=== What was missing\n")[1].split("\n=== Times of the parts\n")
    assert missing == "MISSING: mine-2: no mirror has it\nmine-2: 7 tests were skipped; see there\n"
    parts = [line.split(maxsplit=3)[2:] for line in times.splitlines()]
    assert ["FAILED", "make test-tree"] in parts and ["passed", "make test-lab"] in parts
    assert done.returncode == 1
    assert f"sources {sources}\n" in done.stdout


def test_doctor_is_quick() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "qpatch", "doctor"], capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time, which other processes take nothing of; 0.3 s on an idle machine.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
