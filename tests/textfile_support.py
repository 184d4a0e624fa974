# SPDX-License-Identifier: GPL-2.0-or-later
"""Small text files of our own, as they stand beside C sources, and how tests edit them."""

from __future__ import annotations

from textwrap import dedent

from qpatch.csource.checks import check_edit
from qpatch.csource.edit import (
    Anchor,
    Edit,
    HunkOperation,
    Operation,
    Position,
)
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import AlreadyThere, Applied, EditResult
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.text.edits import apply_text_edit
from qpatch.csource.text.hunk import parse_text_hunk

TRACE = dedent("""\
    # See the manual for the syntax.

    # engine.c
    engine_start(const char *name) " (%s)"
    engine_stop(const char *name, int code) " (%s) code %d"
    disable engine_tick(uint64_t now) "now %"PRIu64

    #pump.c

    pump_open(int line, \\
              int flags) "line %d flags %d"
    vcpu pump_close(void) ""
    """)
MESON = dedent("""\
    motor_ss = ss.source_set()
    motor_ss.add(files(
      'engine.c',
      'gear.c'
    ))
    motor_ss.add(when: 'CONFIG_PUMP', if_true: files(
      'pump.c',   # the pump (with brackets
    ))
    motor_ss.add(when: 'CONFIG_PUMP_PCI', if_true: files('pump-pci.c'))
    if get_option('brakes').allowed()
      motor_ss.add(files('brake.c'))
    else
      motor_ss.add(files('brake-stub.c'))
    endif

    system_ss.add_all(when: 'CONFIG_MOTOR', if_true: motor_ss)
    """)
KCONFIG = dedent("""\
    config MOTOR
        bool
        depends on POWER

    config PUMP
        bool "A pump"
        default y
        select MOTOR
        help
          Moves water.

          config files do not matter
          here.

    menuconfig BRAKES
        bool

    source gears/Kconfig
    """)
RST = dedent("""\
    =====================
    How the motor is made
    =====================

    The motor has two parts. They are
    made apart.

    * The ``engine`` part, which
      turns.

    * The ``pump`` part.

    Testing
    =======

    Turn the key.

    Noise
    -----

    There is some.

    Selling
    =======

    Ask the office.
    """)
MAINTAINERS = dedent("""\
    Maintainers
    ===========

    Descriptions:

    \tM: who

    Motors
    ------
    Motors in general
    M: Ann <ann@example.org>
    S: Supported
    F: motor/
    L: motors@example.org

    PUMP:
    M: Bob <bob@example.org>
    F: pump/
    """)
MAKEFILE = "obj-$(CONFIG_MOTOR) += motor.o\n\nmotor-y := engine.o \\\n\tgear.o\nmotor-y += tick.o\n"
FILES = {
    "m/trace-events": TRACE,
    "m/meson.build": MESON,
    "m/Kconfig": KCONFIG,
    "docs/motor.rst": RST,
    "MAINTAINERS": MAINTAINERS,
    "m/Makefile": MAKEFILE,
}


def section(name: str, path: str, position: Position = Position.IN) -> Anchor:
    return Anchor(ANCHOR_KINDS["section"], name, path, position)


ENGINE = section("engine.c", "m/trace-events")
HOW = section("How the motor is made", "docs/motor.rst")


def hunks(*texts: str) -> HunkOperation:
    """Return the operation of an edit with these hunks, one of which must match."""
    return HunkOperation(tuple(parse_text_hunk(text) for text in texts))


def run(anchor: Anchor, operation: Operation, text: str | None = None, expect: int = 1) -> tuple[EditResult, str]:
    files = {path: content.encode() for path, content in FILES.items()}
    if text is not None:
        files[anchor.path] = text.encode("utf-8", "surrogateescape")
    tree = Overlay(DictTree(files))
    edit = Edit(anchor, operation, expect)
    check_edit(edit)
    result = apply_text_edit(edit, tree)
    assert (anchor.path in tree.changed) == isinstance(result, Applied)
    return result, (tree.read(anchor.path) or b"").decode("utf-8", "surrogateescape")


def applied(anchor: Anchor, operation: Operation, text: str | None = None, expect: int = 1) -> str:
    """Apply, check that the second time nothing is left to do, and return the text."""
    result, after = run(anchor, operation, text, expect)
    assert isinstance(result, Applied), result
    again, same = run(anchor, operation, after, expect)
    assert isinstance(again, AlreadyThere), again
    assert same == after
    return after


def added_after(before: str, line: str, new: str) -> str:
    """Return `before` with `new` after the one line `line`."""
    assert before.count(line + "\n") == 1
    return before.replace(line + "\n", line + "\n" + new)
