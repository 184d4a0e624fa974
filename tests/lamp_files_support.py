# SPDX-License-Identifier: GPL-2.0-or-later
"""Small files of each kind that edits know, for series that are drawn at random."""

from __future__ import annotations

C, H = "hw/lamp/lamp.c", "hw/lamp/lamp.h"
KCONFIG, RST, MESON = "hw/lamp/Kconfig", "docs/lamp.rst", "hw/lamp/meson.build"
MAINTAINERS, EVENTS = "MAINTAINERS", "hw/lamp/trace-events"
FILES = {
    C: """\
#include "lamp.h"
#include "timer.h"

#define LAMP_ON 0x01
#define LAMP_OFF 0x02
#define LAMP_STEP(l, n) lamp_set((l), (l)->level + (n))
#define LAMP_EACH(i) \\
    start(i);        \\
    step(i);         \\
    stop(i)

static int lamp_count;
static const char *lamp_name = "lamp";

static const Entry lamp_entries[] = {
    ENTRY("first", 1),
    ENTRY("last", 9),
};

static const Ops lamp_ops = {
    .open = lamp_open,
    .close = lamp_close,
};

/* Sets the level. */
static void lamp_set(struct Lamp *lamp, int level)
{
    trace(lamp);
    lamp->level = level;
    print("level " LAMP_FMT, level);
    notify(lamp);
}

int lamp_light(struct Lamp *lamp, int how)
{
    int level = 0;

    switch (how) {
    case LAMP_ON:
        level = 9;
        break;
    case LAMP_OFF:
        level = 1;
        break;
    default:
        return -1;
    }
    if (lamp->broken) {
        mend(lamp);
        lamp_count++;
    }
    lamp_set(lamp, level);
    notify(lamp);
    return level;
}
""",
    H: """\
#ifndef LAMP_H
#define LAMP_H

enum lamp_state {
    LAMP_DARK,
    LAMP_DIM,
    LAMP_BRIGHT,
};

struct Lamp {
    int level;
    bool broken;
};

int lamp_light(struct Lamp *lamp, int how);

#endif
""",
    KCONFIG: """\
config LAMP
    bool
    default y if PCI
    select PCI

config BULB
    bool
    depends on LAMP
""",
    RST: """\
Lamps
=====

Lamps give light.
They need current.

Bulbs
-----

- A bulb breaks.
- A bulb is replaced.

Ends
----

This is the end.
""",
    MESON: """\
lamp_ss = ss.source_set()
lamp_ss.add(files('lamp.c'))
lamp_ss.add(when: 'CONFIG_BULB', if_true: files(
  'bulb.c',
  'glass.c',
))
system_ss.add_all(when: 'CONFIG_LAMP', if_true: lamp_ss)
""",
    MAINTAINERS: """\
Lamps
M: Ada <ada@example.org>
S: Maintained
F: hw/lamp/
F: include/hw/lamp/

Ovens
M: Bob <bob@example.org>
S: Odd Fixes
F: hw/oven/
""",
    EVENTS: """\
# lamp.c
lamp_lit(int level) "level %d"
lamp_dark(void) ""
lamp_dim(int level) "level %d"
""",
}
