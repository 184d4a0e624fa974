/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The eventfds by which interrupts reach QEMU: the device signals them, and
 * the library notes when QEMU reads them.
 */
#ifndef PRELOAD_TRIGGER_H
#define PRELOAD_TRIGGER_H

#include <stdint.h>

struct trigger;

/* NULL: `fd` is no eventfd. `device` and `index` are names as the log has them. */
struct trigger *trigger_get(int fd, const char *device, const char *index, uint32_t vector);
void trigger_put(struct trigger *trigger);
void trigger_signal(struct trigger *trigger);
/* After some milliseconds, by a thread. */
void trigger_signal_late(struct trigger *trigger);

#endif
