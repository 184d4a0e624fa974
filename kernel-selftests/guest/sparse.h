/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of RAM that are zero but for a few bytes, which only the guest's processor writes. */
#ifndef GUEST_SPARSE_H
#define GUEST_SPARSE_H

#include "types.h"

void sparse_write(void);	/* once, at the start */
u32 sparse_check(void);		/* how many are wrong; then some get other content */

#endif
