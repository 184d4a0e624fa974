/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program asks of its driver by writing to /dev/qpatch-ADDRESS. To read
 * from there gives a 32-bit number for each vector: how often it interrupted.
 */
#ifndef GUEST_REQUEST_H
#define GUEST_REQUEST_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "../../types.h"
#endif

enum request_what {
	REQUEST_SETUP,	/* kind and number of vectors; counts begin anew */
	REQUEST_MASK,	/* a vector */
	REQUEST_UNMASK,	/* a vector */
	REQUEST_RENEW	/* a vector: shut down and started again */
};

enum request_kind { REQUEST_NONE, REQUEST_INTX, REQUEST_MSI, REQUEST_MSIX };

struct request {
	u32 what, first, second;
};

#endif
