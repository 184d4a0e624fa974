// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a processor has in registers that no code of the guest uses: those of
 * vectors, and of the system.  The MMU is off, breakpoints and watchpoints are,
 * and so is the physical timer: what is written means nothing.
 */
#include "registers.h"

#include "../machine.h"
#include "processor.h"

#define CPACR_FLOATS	(3ul << 20)

/*
 * Left out: what exceptions write (ELR, SPSR), the virtual timer, and counters of
 * events, which go on.
 */
#define SETTABLE(X) \
	X(tpidr_el0) X(tpidrro_el0) X(tpidr_el1) X(contextidr_el1) X(sp_el0) \
	X(mair_el1) X(ttbr0_el1) X(ttbr1_el1) X(par_el1) X(far_el1) X(esr_el1) \
	X(csselr_el1) X(cntkctl_el1) X(cntp_cval_el0) \
	X(dbgbvr0_el1) X(dbgbvr1_el1) X(dbgbvr2_el1) X(dbgbvr3_el1) \
	X(dbgwvr0_el1) X(dbgwvr1_el1) X(dbgwvr2_el1) X(dbgwvr3_el1)

/* Which the guest has set already, or which stay as the processor had them. */
#define FIXED(X) \
	X(vbar_el1) X(sctlr_el1) X(tcr_el1) X(cpacr_el1) X(mdscr_el1) X(cntp_ctl_el0)

#define NAME(name) #name,
#define READ(name) *value++ = read_register(#name);
#define WRITE(name) write_register(#name, *value++);

static const char *const names[] = { SETTABLE(NAME) FIXED(NAME) };

_Static_assert(VECTOR_VALUES + ARRAY_SIZE(names) <= MAX_REGISTERS, "too many registers");

const char *machine_register_name(u32 number)
{
	if (number < VECTOR_VALUES)
		return vector_names[number];
	number -= VECTOR_VALUES;
	return number < ARRAY_SIZE(names) ? names[number] : NULL;
}

void machine_registers_read(u64 *value)
{
	vectors_read(value);
	value += VECTOR_VALUES;
	SETTABLE(READ)
	FIXED(READ)
}

void machine_registers_write(const u64 *value)
{
	write_register("cpacr_el1", read_register("cpacr_el1") | CPACR_FLOATS);
	vectors_write(value);
	value += VECTOR_VALUES;
	SETTABLE(WRITE)
}
