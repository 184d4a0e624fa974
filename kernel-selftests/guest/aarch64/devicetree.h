/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between virt machines. */
#ifndef AARCH64_DEVICETREE_H
#define AARCH64_DEVICETREE_H

#include "../machine.h"

struct layout {
	u64 config;			/* ECAM */
	struct window ram, narrow, wide;
	unsigned int cpus;
};

/* Leaves the layout alone where the tree says nothing; true: there is an ITS. */
bool devicetree_read(struct layout *layout);

#endif
