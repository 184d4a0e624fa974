// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a processor has in registers that no code of the guest uses: those of the
 * x87 and of SSE, model-specific ones, and addresses of breakpoints that are off.
 * System calls, and whatever else they are for, are never used.  And those of its
 * local APIC, as they were set at its start.
 */
#include "../machine.h"
#include "apic.h"
#include "simd.h"

#define CR4_SSE		0x600	/* OSFXSR, OSXMMEXCPT */

#define MSR_EFER	0xc0000080
#define EFER_SETTABLE	0x801	/* SYSCALL, no-execute: are turned on */

/* Of QEMU's vmstate_x86_cpu, what a guest without paging can write without consequence. */
static const struct msr {
	const char *name;
	u32 number;
	u64 random, set;	/* bits that may be anything, and those that are to be set */
} msrs[] = {
	{ "IA32_SYSENTER_CS", 0x174, 0xffff, 0 },
	{ "IA32_SYSENTER_ESP", 0x175, 0xffffffff, 0 },
	{ "IA32_SYSENTER_EIP", 0x176, 0xffffffff, 0 },
	{ "IA32_PAT", 0x277, 0x0303030303030303, 0x0404040404040404 },
	{ "IA32_MTRR_PHYSBASE0", 0x200, 0xfffff000, 6 },
	{ "IA32_MTRR_PHYSMASK0", 0x201, 0xfffff000, 0 },
	{ "IA32_MTRR_FIX64K", 0x250, 0x0101010101010101, 0x0404040404040404 },
	{ "STAR", 0xc0000081, ~0ull, 0 },
	{ "LSTAR", 0xc0000082, 0x7fffffffffff, 0 },
	{ "CSTAR", 0xc0000083, 0x7fffffffffff, 0 },
	{ "FMASK", 0xc0000084, 0xffffffff, 0 },
	{ "FS.base", 0xc0000100, 0x7fffffffffff, 0 },
	{ "GS.base", 0xc0000101, 0x7fffffffffff, 0 },
	{ "KERNEL_GS_BASE", 0xc0000102, 0x7fffffffffff, 0 },
	{ "TSC_AUX", 0xc0000103, 0xffffffff, 0 },
};

static const char *const others[] = {
	"EFER", "APIC_BASE", "CR0", "CR2", "CR3", "DR0", "DR1", "DR2", "DR3",
};

#define MSR_APIC_BASE	0x1b

_Static_assert(SIMD_VALUES + ARRAY_SIZE(msrs) + ARRAY_SIZE(others) + APIC_REGISTERS <= MAX_REGISTERS, "too many registers");

static u64 read_msr(u32 number)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
	return (u64)high << 32 | low;
}

static void write_msr(u32 number, u64 value)
{
	asm volatile("wrmsr" : : "c"(number), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

#define READ(name) ({ \
	u32 register_value; \
	asm volatile("mov %%" name ", %0" : "=r"(register_value)); \
	register_value; \
})
#define WRITE(name, value) asm volatile("mov %0, %%" name : : "r"((u32)(value)) : "memory")

const char *machine_register_name(u32 number)
{
	if (number < SIMD_VALUES)
		return simd_name(number);
	number -= SIMD_VALUES;
	if (number < ARRAY_SIZE(msrs))
		return msrs[number].name;
	number -= ARRAY_SIZE(msrs);
	if (number < ARRAY_SIZE(others))
		return others[number];
	number -= ARRAY_SIZE(others);
	return number < APIC_REGISTERS ? apic_register_name(number) : NULL;
}

void machine_registers_read(u64 *value)
{
	u32 i;

	simd_read(value);
	value += SIMD_VALUES;
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		*value++ = read_msr(msrs[i].number);
	*value++ = read_msr(MSR_EFER);
	*value++ = read_msr(MSR_APIC_BASE);
	*value++ = READ("cr0");
	*value++ = READ("cr2");
	*value++ = READ("cr3");
	*value++ = READ("dr0");
	*value++ = READ("dr1");
	*value++ = READ("dr2");
	*value++ = READ("dr3");
	for (i = 0; i < APIC_REGISTERS; i++)
		*value++ = apic_register(i);
}

void machine_registers_write(const u64 *value)
{
	u32 i;

	WRITE("cr4", READ("cr4") | CR4_SSE);
	simd_write(value);
	value += SIMD_VALUES;
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		write_msr(msrs[i].number, (*value++ & msrs[i].random) | msrs[i].set);
	value += 3;
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SETTABLE);
	WRITE("cr2", *value++);
	WRITE("cr3", *value++ & ~(PAGE_SIZE - 1));
	WRITE("dr0", *value++);
	WRITE("dr1", *value++);
	WRITE("dr2", *value++);
	WRITE("dr3", *value++);
}
