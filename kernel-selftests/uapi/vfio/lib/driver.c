// SPDX-License-Identifier: GPL-2.0-or-later
/* Which driver knows a device. */
#include "driver.h"

const struct driver_ops *driver_for(const struct device *device)
{
	static const struct driver_ops * const drivers[] = { &registers_driver, &mtty_driver };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++)
		if (drivers[i]->probe(device))
			return drivers[i];
	return NULL;
}
