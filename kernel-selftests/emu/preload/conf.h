/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devices.conf: which devices this process has, and how they behave.
 */
#ifndef PRELOAD_CONF_H
#define PRELOAD_CONF_H

/*
 * Reads it and adds the devices.  An error in it ends the process with status
 * 2, after a message `path:line: reason`.
 */
void conf_read(const char *path);

#endif
