/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A gauge that watches a pump */

#include "qemu/osdep.h"
#include "hw/pump/pump.h"

static void gauge_update(Gauge *gauge)
{
    gauge->value = gauge_read(gauge);
    if (gauge->value > gauge->limit) {
        pump_stop(gauge->pump);
    }
}

int gauge_restart(Gauge *gauge)
{
    gauge_update(gauge);
    return pump_start(gauge->pump, gauge->speed);
}
