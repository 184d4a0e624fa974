/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare-metal guest of the preload lab: types.  No memory management,
 * one thread (the serial protocol, on the first processor) and interrupts on all
 * of them.  Each architecture's folder fills in machine.h.
 */
#ifndef GUEST_TYPES_H
#define GUEST_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE_SIZE	4096u

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
