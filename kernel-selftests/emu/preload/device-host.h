/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the device model calls back; the context is the emulated device. */
#ifndef PRELOAD_DEVICE_HOST_H
#define PRELOAD_DEVICE_HOST_H

#include "../device/host.h"

extern const struct emu_host device_host;

#endif
