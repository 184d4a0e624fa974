/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults on demand: the nth operation of a kind fails as the profile says. */
#ifndef EMU_FAULTS_H
#define EMU_FAULTS_H

#include "fault-words.h"

struct emu_device;

/* An operation takes place. 0: no fault; else its result (negative errno or EMU_FAULT_...). */
int emu_fault(struct emu_device *device, enum emu_operation operation, int detail);

#endif
