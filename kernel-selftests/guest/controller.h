/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What interrupt controllers have in their registers, as the guest has set them. */
#ifndef GUEST_CONTROLLER_H
#define GUEST_CONTROLLER_H

#include "machine.h"

void controller_remember(void);		/* after each change */
/* The first that differs, as it is now; `was`: what was remembered.  False: none does. */
bool controller_differs(struct controller_register *now, u32 *was);

#endif
