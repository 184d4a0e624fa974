/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qemu/osdep.h"
#include "hw/pump/pump.h"

static void test_start(void)
{
    g_assert_cmpint(pump_start(&test_pump, 1), ==, 0);
}
