/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pump with valves */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/pump/pump.h"
#include "trace.h"

#define PUMP_VERSION 3
#define PUMP_DEFAULT_SPEED (PUMP_SPEED_LOW + 10)

#define PUMP_FAULT(pump, text)              \
    do {                                    \
        (pump)->faults++;                   \
        error_report("pump: %s", text);     \
        trace_pump_fault(pump, text);       \
    } while (0)

/* How long each stage of a start takes. */
static const PumpStage pump_stages[] = {
    { .name = "prime", .ticks = 4 },
    { .name = "ramp", .ticks = 16 },
    { .name = "settle", .ticks = 8 },
    { }
};

static bool pump_ready(Pump *pump)
{
    return pump->valves > 0 && !pump->blocked;
}

/* Return the pressure, in the unit of the gauge. */
static int pump_pressure(Pump *pump, int scale)
{
    int raw = pump_read(pump, PUMP_REG_PRESSURE);

    if (raw < 0) {
        return raw;
    }
    return raw * scale;
}

static void pump_reset_valves(Pump *pump)
{
    PumpValve *valve;

    QLIST_FOREACH(valve, &pump->all_valves, next) {
        valve_close(valve, pump->flags);
        valve->opened = 0;
    }
    pump->opened = 0;
}

static int pump_prime(Pump *pump, int level)
{
    int ret;

    trace_pump_prime(pump->name, level);
    ret = pump_fill(pump, level);
    if (ret < 0) {
        error_report("pump: cannot fill %s", pump->name);
        return ret;
    }
    pump_vent(pump);
    pump->primed = true;
    return 0;
}

int pump_start(Pump *pump, int speed)
{
    int ret;

    if (!pump_ready(pump)) {
        return -EAGAIN;
    }
    pump_lock(pump);
    ret = pump_prime(pump, PUMP_LEVEL_FULL);
    if (ret) {
        goto out_unlock;
    }
    pump_set_speed(pump, speed);
    ret = pump_ramp(pump);
    if (ret) {
        goto out_drain;
    }
    pump->running = true;
    pump_unlock(pump);
    return 0;

out_drain:
    pump_drain(pump);
out_unlock:
    pump_unlock(pump);
    return ret;
}

void pump_stop(Pump *pump)
{
    if (pump->running) {
        pump_brake(pump);
        pump->running = false;
    } else if (pump->primed) {
        pump_drain(pump);
    } else {
        trace_pump_idle(pump->name);
    }
    pump_reset_valves(pump);
}

static void pump_calibrate(Pump *pump)
{
    int step;

    for (step = 0; step < PUMP_STEPS; step++) {
        if (pump_step_valid(pump, step)) {
            pump_write(pump, PUMP_REG_STEP, step);
            pump_settle(pump);
        }
        pump->calibrated = step;
    }
}

static uint64_t pump_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    Pump *pump = opaque;
    uint64_t value = 0;

    switch (addr) {
    case PUMP_REG_STATUS:
        value = pump->status;
        break;
    case PUMP_REG_PRESSURE:
        value = pump_pressure(pump, 1);
        break;
    case PUMP_REG_SPEED:
        value = pump->speed;
        break;
    default:
        pump_bad_access(pump, addr);
        break;
    }
    return value;
}

#ifdef CONFIG_PUMP_TURBO
static void pump_boost(Pump *pump)
{
    pump_set_speed(pump, PUMP_SPEED_TURBO);
    pump->boosted = true;
}
#endif

static void pump_legacy_tick(Pump *pump)
{
    pump->ticks++;
}

static void pump_tick(void *opaque)
{
    Pump *pump = opaque;

    pump_legacy_tick(pump);
    pump_poll(pump);
    timer_mod(pump->timer, pump->period);
}

static void pump_finish(Pump *pump, Error **errp)
{
    pump_flush(pump);
    pump_write(pump, PUMP_REG_STEP, 0);
    pump_flush(pump);
    pump_report(pump, errp);
}

static void pump_realize(DeviceState *dev, Error **errp)
{
    Pump *pump = PUMP(dev);
    Error *local_err = NULL;

    pump->timer = timer_new_ms(pump_tick, pump);
    pump_setup(pump, &local_err);
    if (local_err) {
        error_propagate(errp, local_err);
        return;
    }
#ifdef CONFIG_PUMP_TURBO
    pump_boost(pump);
#endif
    pump_calibrate(pump);
    pump_finish(pump, errp);
}

static const MemoryRegionOps pump_ops = {
    .read = pump_mmio_read,
    .write = pump_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

static const VMStateDescription vmstate_pump = {
    .name = "pump",
    .version_id = PUMP_VERSION,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(status, Pump),
        VMSTATE_UINT32(speed, Pump),
        VMSTATE_BOOL(running, Pump),
        VMSTATE_END_OF_LIST()
    }
};
