/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pump with valves */

#ifndef HW_PUMP_PUMP_H
#define HW_PUMP_PUMP_H

#include "hw/qdev-core.h"
#include "qemu/queue.h"

typedef enum PumpLevel {
    PUMP_LEVEL_EMPTY,
    PUMP_LEVEL_HALF,
    PUMP_LEVEL_FULL,
} PumpLevel;

typedef struct PumpValve {
    int opened;
    QLIST_ENTRY(PumpValve) next;
} PumpValve;

typedef struct Pump {
    DeviceState parent_obj;

    char *name;
    uint32_t status;
    uint32_t speed;
    bool running;
    bool primed; /* filled and vented */
    int valves;
    QLIST_HEAD(, PumpValve) all_valves;
} Pump;

union PumpWord {
    uint32_t word;
    uint8_t byte[4];
};

typedef int (*PumpHook)(Pump *pump, int speed);

int pump_start(Pump *pump, int speed);
void pump_stop(Pump *pump);
void flow_measure(Flow *flow);
int flow_balance(Flow *flow, int target);

#endif /* HW_PUMP_PUMP_H */
