/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flow through a pump */

#include "qemu/osdep.h"
#include "hw/pump/pump.h"

GlobalProperty pump_compat_3_0[] = {
    { "pump", "vent", "off" },
    { "gauge", "unit", "bar" },
};
const size_t pump_compat_3_0_len = G_N_ELEMENTS(pump_compat_3_0);

GlobalProperty pump_compat_2_9[] = {
    { "pump", "turbo", "off" },
};
const size_t pump_compat_2_9_len = G_N_ELEMENTS(pump_compat_2_9);

void flow_measure(Flow *flow)
{
    int64_t now = flow_clock(flow);

    flow_sample(flow, now);
    if (flow->overdue) {
        flow_warn(flow, now);
        flow_restart(flow, now);
    }
    flow->last = now;
}

static void flow_average(Flow *flow)
{
    flow->sum += flow->last;
    flow->count++;
}

int flow_balance(Flow *flow, int target)
{
    int ret = 0;

    while (flow->level < target) {
        ret = flow_raise(flow);
        if (ret) {
            break;
        }
        flow_average(flow);
    }
    return ret;
}

int flow_limit(Flow *flow)
{
    return flow_clamp(flow, flow->level);
}
