/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial protocol. */
#ifndef GUEST_PROTOCOL_H
#define GUEST_PROTOCOL_H

void guest_main(void);

#endif
