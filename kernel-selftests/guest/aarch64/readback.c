// SPDX-License-Identifier: GPL-2.0-or-later
/* Which registers of interrupt controllers keep what they are set to. */
#include "../cpu.h"
#include "../machine.h"
#include "gic.h"
#include "gic_registers.h"
#include "its.h"

#define INTERRUPTS	288	/* as many as virt has; registers of others read as zero */
#define BITS		(INTERRUPTS / 32)
#define PAIRS		(INTERRUPTS / 16)
#define BYTES		(INTERRUPTS / 4)

struct range {
	const char *name;
	uintptr_t at;
	u32 count, step;
};

static const struct range gicv2[] = {
	{ "GICD_CTLR", GICD_CTLR, 1, 4 },
	{ "GICD_ISENABLER", GICD_ISENABLER, BITS, 4 },
	{ "GICD_IPRIORITYR", GICD_IPRIORITYR, BYTES, 4 },
	{ "GICD_ITARGETSR", GICD_ITARGETSR, BYTES, 4 },
	{ "GICD_ICFGR", GICD_ICFGR, PAIRS, 4 },
	{ "GICC_CTLR", GICC_CTLR, 1, 4 },
	{ "GICC_PMR", GICC_PMR, 1, 4 },
};

static const struct range gicv3[] = {
	{ "GICD_CTLR", GICD_CTLR, 1, 4 },
	{ "GICD_IGROUPR", GICD_IGROUPR, BITS, 4 },
	{ "GICD_ISENABLER", GICD_ISENABLER, BITS, 4 },
	{ "GICD_IPRIORITYR", GICD_IPRIORITYR, BYTES, 4 },
	{ "GICD_ICFGR", GICD_ICFGR, PAIRS, 4 },
	{ "GICD_IROUTER", GICD_IROUTER, INTERRUPTS, 8 },
};

/* Of each processor. */
static const struct range redistributor[] = {
	{ "GICR_IGROUPR0", REDISTRIBUTOR + GICR_IGROUPR, 1, 4 },
	{ "GICR_ISENABLER0", REDISTRIBUTOR + GICR_ISENABLER, 1, 4 },
	{ "GICR_IPRIORITYR", REDISTRIBUTOR + GICR_IPRIORITYR, 8, 4 },
	{ "GICR_ICFGR", REDISTRIBUTOR + GICR_ICFGR, 2, 4 },
	{ "GICR_CTLR", REDISTRIBUTOR + GICR_CTLR, 1, 4 },
	{ "GICR_PROPBASER", REDISTRIBUTOR + GICR_PROPBASER, 2, 4 },
	{ "GICR_PENDBASER", REDISTRIBUTOR + GICR_PENDBASER, 2, 4 },
};

static const struct range its[] = {
	{ "GITS_CTLR", GITS_CTLR, 1, 4 },
	{ "GITS_CBASER", GITS_CBASER, 2, 4 },
	{ "GITS_BASER", GITS_BASER, 2 * GITS_TABLES, 4 },
};

/* The number-th register of these, which begin at `offset` from where they say; counts down if there are fewer. */
static bool find(const struct range *ranges, u32 count, uintptr_t offset, u32 *number,
		 struct controller_register *found)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (*number < ranges[i].count) {
			found->name = ranges[i].name;
			found->index = *number;
			found->value = mmio_read32(ranges[i].at + offset + *number * ranges[i].step);
			return true;
		}
		*number -= ranges[i].count;
	}
	return false;
}

bool machine_controller_register(u32 number, struct controller_register *found)
{
	unsigned int cpu;

	if (gic_version == GICV2)
		return find(gicv2, ARRAY_SIZE(gicv2), 0, &number, found);
	if (find(gicv3, ARRAY_SIZE(gicv3), 0, &number, found))
		return true;
	for (cpu = 0; cpu < machine_cpus(); cpu++)
		if (find(redistributor, ARRAY_SIZE(redistributor), cpu * REDISTRIBUTOR_BYTES, &number, found))
			return true;
	return gic_version == GICV3_ITS && find(its, ARRAY_SIZE(its), 0, &number, found);
}

bool machine_commands_are_read(u32 *written, u32 *read)
{
	return gic_version != GICV3_ITS || its_reads_commands(written, read);
}
