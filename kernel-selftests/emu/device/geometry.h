/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes of the device, and where its regions are within its file. */
#ifndef EMU_GEOMETRY_H
#define EMU_GEOMETRY_H

#define EMU_PAGE_SIZE		4096

#define EMU_REGISTERS_SIZE	0x4000
#define EMU_MEMORY_SIZE		0x10000
#define EMU_MSIX_BAR_SIZE	0x10000
#define EMU_PENDING_BITS	0x8000	/* of MSI-X, in BAR 4 */
#define EMU_CONFIG_SIZE		256

/* Region offsets within the device's file, as the kernel's vfio-pci has them. */
#define EMU_REGION_SHIFT	40
#define EMU_NUM_REGIONS		10	/* nine of PCI, then v1's migration region */
#define EMU_MIGRATION_REGION	9
#define EMU_MIGRATION_DATA_OFFSET	0x1000	/* of the data area in v1's migration region */

#endif
