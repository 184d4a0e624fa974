# SPDX-License-Identifier: GPL-2.0-or-later
"""What compilers, linkers and scripts print becomes typed diagnostics."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from qpatch.builds.diagnostics import INCLUDED, Diagnostic, errors, read_diagnostics, warnings

SOURCE = Path("/somewhere/source")
BUILD = Path("/somewhere/build")
needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
HEADER = """\
typedef struct Dev { int a; } Dev;
int dev_start(Dev *dev, int flags);
#define DEV_NAME(d) ((d)->name)
static inline int dev_bad(void) { return missing_thing; }
"""
CODE = """\
#include "outer.h"

static int helper(Dev *dev) { return dev->a; }

int use(Dev *dev)
{
    int unused;
    return DEV_NAME(dev) + helper(dev, 3);
}
int last(Dev *dev) { return dev_start(dev->b, 1); }
"""
LINKED = """\
int lost(void); extern int gone; int both(void) { return 1; }

static int f(void) { return lost() + gone; }
int main(void) { return f(); }
"""


def read(output: str) -> tuple[Diagnostic, ...]:
    return read_diagnostics(output, SOURCE, BUILD)


def only(output: str) -> Diagnostic:
    found = errors(output, SOURCE, BUILD)
    assert len(found) == 1, found
    return found[0]


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def run(directory: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a directory with `source` and an empty `build`."""
    write(tmp_path / "source", {"include/dev.h": HEADER, "include/outer.h": '#include "dev.h"\n', "hw/a.c": CODE})
    (tmp_path / "build").mkdir()
    return tmp_path


def compiled(tree: Path, *arguments: str, path: str = "../source/hw/a.c") -> tuple[Diagnostic, ...]:
    output = run(tree / "build", "gcc", "-Wunused", "-I../source/include", *arguments, "-c", path)
    return read_diagnostics(output, tree / "source", tree / "build")


@needs_gcc
def test_gcc_errors_notes_and_include_chains(tree: Path) -> None:
    found = compiled(tree)
    assert [str(each) for each in found] == [
        "include/dev.h:4:42: error: 'missing_thing' undeclared (first use in this function)",
        "include/dev.h:3:25: error: 'Dev' has no member named 'name'",
        "hw/a.c:8:28: error: too many arguments to function 'helper'",
        "hw/a.c:7:9: warning: unused variable 'unused' [-Wunused-variable]",
        "hw/a.c:10:42: error: 'Dev' has no member named 'b'",
    ]
    undeclared, member, arguments, unused, last = found
    assert [each.function for each in found] == ["dev_bad", "use", "use", "use", "last"]
    chain = [("include/outer.h", 1, INCLUDED), ("hw/a.c", 1, INCLUDED)]
    assert [(note.path, note.line, note.message) for note in undeclared.notes] == chain
    assert [(note.path, note.line, note.message) for note in member.notes] == [
        ("hw/a.c", 8, "in expansion of macro 'DEV_NAME'"),
        *chain,
    ]
    assert [(note.path, note.line, note.message) for note in arguments.notes] == [("hw/a.c", 3, "declared here")]
    assert (unused.notes, last.notes) == ((), ())
    assert arguments.snippet == "    return DEV_NAME(dev) + helper(dev, 3);"
    assert arguments.notes[0].snippet == "static int helper(Dev *dev) { return dev->a; }"
    assert arguments.text.startswith("../source/hw/a.c:8:28: error:") and "declared here" not in arguments.text
    assert member.names == ("name", "Dev")


@needs_gcc
def test_absolute_paths_are_relative_to_the_source(tree: Path) -> None:
    assert {each.path for each in compiled(tree, path=str(tree / "source/hw/a.c"))} == {"include/dev.h", "hw/a.c"}


@needs_gcc
def test_source_behind_a_link(tree: Path) -> None:
    (tree / "link").symlink_to(tree / "source")
    output = run(tree / "build", "gcc", "-I../source/include", "-c", str(tree / "source/hw/a.c"))
    assert read_diagnostics(output, tree / "link", tree / "build")[-1].path == "hw/a.c"


@needs_gcc
def test_warning_made_an_error_and_missing_header(tree: Path) -> None:
    write(tree / "source", {"hw/b.c": "static int f(void) { return 1; }\n", "hw/c.c": '#include "gone.h"\n'})
    found = compiled(tree, "-Werror", path="../source/hw/b.c")
    assert [(each.severity, each.names) for each in found] == [("error", ("f",))]
    assert [str(each) for each in compiled(tree, path="../source/hw/c.c")] == [
        "hw/c.c:1:10: error: gone.h: No such file or directory"
    ]


@needs_gcc
@pytest.mark.parametrize("debug", [True, False])
def test_linker_errors(tree: Path, debug: bool) -> None:
    write(tree / "source", {"hw/f.c": LINKED, "hw/dev/two_x.c": "int both;\nextern int away; int *t[] = {&away};\n"})
    objects = {"hw_f.c.o": "../source/hw/f.c", "hw_dev_two_x.c.o": "../source/hw/dev/two_x.c"}
    for name, path in objects.items():
        run(tree / "build", "gcc", *(["-g"] if debug else []), "-c", path, "-o", name)
    found = errors(run(tree / "build", "gcc", *objects, "-o", "all"), tree / "source", tree / "build")
    assert {each.symbol: (each.path, each.line, each.function) for each in found} == {
        "both": ("hw/dev/two_x.c", int(debug), ""),
        "lost": ("hw/f.c", 3 * debug, "f"),
        "gone": ("hw/f.c", 3 * debug, "f"),
        "away": ("hw/dev/two_x.c", 2 * debug, ""),
    }
    both = next(each for each in found if each.symbol == "both")
    assert [(note.path, note.line, note.message) for note in both.notes] == [
        ("hw/f.c", int(debug), "first defined here")
    ]


def test_linker_objects_of_archives_and_of_kbuild(tmp_path: Path) -> None:
    write(tmp_path, {"drivers/vfio/main.c": "", "hw/vfio/a.c": ""})
    output = """\
/usr/bin/ld: libcommon.fa(hw_vfio_a.c.o):(.data.rel+0x58): undefined reference to `one'
aarch64-linux-gnu-ld: drivers/vfio/main.o: in function `start':
main.c:(.text+0x12): undefined reference to `two'
aarch64-linux-gnu-ld: main.c:(.text+0x18): undefined reference to `three'
aarch64-linux-gnu-ld: main.c:(.text+0x1c): more undefined references to `three' follow
"""
    found = errors(output, tmp_path, BUILD)
    assert [(each.path, each.symbol, each.function) for each in found] == [
        ("hw/vfio/a.c", "one", ""),
        ("drivers/vfio/main.c", "two", "start"),
        ("drivers/vfio/main.c", "three", "start"),
    ]


def test_lld_and_clang() -> None:
    found = read("""\
In file included from ../source/hw/a.c:1:
../source/include/dev.h:4:9: error: use of undeclared identifier 'foo'
int a = foo;
        ^
../source/hw/a.c:9:3: error: no member named 'b' in 'struct Dev'
  dev->b = 1;
  ~~~  ^
../source/hw/a.c:3:5: note: 'Dev' declared here
2 errors generated.
ld.lld: error: undefined symbol: gone
>>> referenced by a.c:12 (../source/hw/a.c:12)
""")
    assert [str(each) for each in found] == [
        "include/dev.h:4:9: error: use of undeclared identifier 'foo'",
        "hw/a.c:9:3: error: no member named 'b' in 'struct Dev'",
        "error: undefined symbol: gone",
    ]
    assert [each.snippet for each in found] == ["int a = foo;", "  dev->b = 1;", ""]
    assert [note.path for note in found[0].notes] == ["hw/a.c"]
    assert [note.line for note in found[1].notes] == [3]
    assert (found[1].names, found[2].symbol) == (("b", "Dev"), "gone")


@pytest.mark.parametrize(
    ("output", "place", "symbol", "message"),
    [
        (
            "\n../source/hw/vfio/meson.build:5:2: ERROR: File gone.c does not exist.\n\nA full log can be found at x\n",
            "hw/vfio/meson.build:5:2",
            "",
            "File gone.c does not exist.",
        ),
        (
            'Traceback (most recent call last):\n  File "tracetool.py", line 139, in <module>\n    main(sys.argv)\n'
            "ValueError: Error at /somewhere/source/hw/vfio/trace-events:12: "
            "Argument type 'struct foo' is not allowed.\n",
            "hw/vfio/trace-events:12",
            "",
            "Argument type 'struct foo' is not allowed.",
        ),
        (
            "ValueError: /somewhere/source/hw/vfio/trace-events does not end with a new line\n",
            "hw/vfio/trace-events",
            "",
            "/somewhere/source/hw/vfio/trace-events does not end with a new line",
        ),
        (
            "__main__.KconfigParserError: /somewhere/source/hw/vfio/Kconfig:3:5: "
            "expected identifier before end of line\n",
            "hw/vfio/Kconfig:3:5",
            "",
            "expected identifier before end of line",
        ),
        ("undefined symbol VFIO_MORE\n", "", "VFIO_MORE", "undefined symbol VFIO_MORE"),
        (
            "KconfigDataError: contradiction between clauses when setting VFIO_AP\n",
            "",
            "VFIO_AP",
            "contradiction between clauses when setting VFIO_AP",
        ),
        ("drivers/vfio/Kconfig:7: syntax error\n", "drivers/vfio/Kconfig:7", "", "syntax error"),
        (
            "drivers/vfio/Kconfig:12:error: recursive dependency detected!\n",
            "drivers/vfio/Kconfig:12",
            "",
            "recursive dependency detected!",
        ),
        ("../source/qapi/vfio.json:12:3: stray 'x'\n", "qapi/vfio.json:12:3", "", "stray 'x'"),
        (
            'ERROR: modpost: "vfio_x" [drivers/vfio/vfio.ko] undefined!\n'
            "make[2]: *** [Makefile.modpost:145: x] Error 1\n",
            "drivers/vfio/vfio.ko",
            "vfio_x",
            '"vfio_x" [drivers/vfio/vfio.ko] undefined!',
        ),
        (
            'ERROR: "vfio_x" [drivers/vfio/vfio.ko] undefined!\n',
            "drivers/vfio/vfio.ko",
            "vfio_x",
            '"vfio_x" [drivers/vfio/vfio.ko] undefined!',
        ),
        (
            "ninja: error: '../source/hw/vfio/gone.c', needed by 'a.o', missing and no known rule to make it\n",
            "hw/vfio/gone.c",
            "gone.c",
            "'../source/hw/vfio/gone.c', needed by 'a.o', missing and no known rule to make it",
        ),
        (
            "make[3]: *** No rule to make target 'drivers/vfio/gone.o', needed by 'drivers/vfio/vfio.o'.  Stop.\n",
            "drivers/vfio/gone.o",
            "gone.o",
            "No rule to make target 'drivers/vfio/gone.o', needed by 'drivers/vfio/vfio.o'.  Stop.",
        ),
        (
            "drivers/vfio/Makefile:3: *** missing separator.  Stop.\n",
            "drivers/vfio/Makefile:3",
            "",
            "missing separator.  Stop.",
        ),
        (
            "trace/trace-hw_vfio.h:88:3: error: unknown type name 'foo'\n",
            "trace/trace-hw_vfio.h:88:3",
            "",
            "unknown type name 'foo'",
        ),
    ],
)
def test_scripts_and_tools(output: str, place: str, symbol: str, message: str) -> None:
    error = only(output)
    assert (error.where, error.symbol, error.message) == (place, symbol, message)


def test_what_only_follows_is_told_where_there_is_nothing_else() -> None:
    cause = "../source/a.c:1:1: error: bad\n"
    rest = (
        "cc1: all warnings being treated as errors\ncollect2: error: ld returned 1 exit status\n"
        "ninja: build stopped: subcommand failed.\n"
    )
    assert str(only(rest + cause)) == "a.c:1:1: error: bad"
    assert str(only(rest)) == "error: collect2: ld returned 1 exit status"
    assert str(only("/usr/bin/ld: cannot find -lfoo: No such file or directory\n")) == (
        "error: cannot find -lfoo: No such file or directory"
    )
    assert str(only("qapi.error.QAPIError: no\n")) == "error: qapi.error.QAPIError: no"
    assert [errors(output, SOURCE, BUILD) for output in ("[1/2] Compiling a.o\n", "\n", "")] == [(), (), ()]


def test_a_note_belongs_to_its_own_command() -> None:
    found = read(
        "../source/a.c:1:1: error: bad\n[2/3] Compiling b.o\n../source/b.c:1:1: note: lonely\n"
        "../source/b.c:2:1: error: worse\n../source/b.c:3:1: note: declared here\n"
    )
    assert [[note.line for note in each.notes] for each in found] == [[], [3]]


def test_a_header_is_told_of_once() -> None:
    once = "../source/a.h:1:1: error: bad\n"
    assert len(read(f"FAILED: a.o\n{once}FAILED: b.o\n{once}")) == 1


def test_directories_that_make_enters() -> None:
    output = (
        "make[1]: Entering directory '/somewhere/source/drivers'\nvfio/main.c:3:1: error: bad\n"
        "make[1]: Leaving directory '/somewhere/source/drivers'\nvfio/main.c:4:1: error: bad\n"
    )
    assert [each.path for each in read(output)] == ["drivers/vfio/main.c", "vfio/main.c"]


def test_generated_files_of_a_build_below_the_source_keep_their_paths() -> None:
    found = read_diagnostics("trace/x.h:1:1: error: bad\n../hw/a.c:1:1: error: bad\n", SOURCE, SOURCE / "build")
    assert [each.path for each in found] == ["trace/x.h", "hw/a.c"]
    assert read_diagnostics("hw/a.c:1:1: error: bad\n", SOURCE, SOURCE)[0].path == "hw/a.c"


def test_inlined_call_is_a_note() -> None:
    error = only(
        """\
In function 'copy',
    inlined from 'caller' at ../source/hw/a.c:30:5:
../source/include/s.h:7:3: error: call to 'f' declared with attribute error: overflow
../source/hw/a.c: In function 'other':
""".replace("In function 'copy'", "../source/include/s.h: In function 'copy'", 1)
    )
    assert (error.function, [(note.path, note.line) for note in error.notes]) == ("copy", [("hw/a.c", 30)])


def test_colours_and_types_are_left_out() -> None:
    error = only(
        "\x1b[01m../source/a.c:1:2:\x1b[0m \x1b[01;31merror: \x1b[0mincompatible type for 'f' "
        "{aka 'struct g'}; did you mean 'h'?\n"
    )
    assert (error.where, error.names) == ("a.c:1:2", ("f",))


def test_warnings() -> None:
    output = "../source/a.c:1:1: warning: w\n../source/a.c:2:1: error: e\n/usr/bin/ld: warning: creating DT_TEXTREL\n"
    assert [str(each) for each in warnings(output, SOURCE, BUILD)] == [
        "a.c:1:1: warning: w",
        "warning: creating DT_TEXTREL",
    ]
