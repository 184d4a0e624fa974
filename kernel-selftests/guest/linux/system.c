// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls, by their numbers on aarch64 (and on all newer architectures). */
#include "system.h"

#define SYS_IOCTL		29
#define SYS_MKDIRAT		34
#define SYS_MOUNT		40
#define SYS_OPENAT		56
#define SYS_CLOSE		57
#define SYS_READ		63
#define SYS_WRITE		64
#define SYS_PREAD64		67
#define SYS_PWRITE64		68
#define SYS_PPOLL		73
#define SYS_TIMERFD_CREATE	85
#define SYS_TIMERFD_SETTIME	86
#define SYS_REBOOT		142
#define SYS_MMAP		222
#define SYS_FINIT_MODULE	273

#define HERE			(-100)	/* AT_FDCWD */
#define READ_WRITE		2
#define PROTECTION		3	/* PROT_READ, PROT_WRITE */
#define SHARED_FIXED		0x11	/* MAP_SHARED, MAP_FIXED */
#define CLOCK_MONOTONIC		1
#define TIMER_NONBLOCK		04000
#define POLL_IN			1
#define TCGETS			0x5401
#define TCSETS			0x5402
#define REBOOT_MAGIC		0xfee1dead
#define REBOOT_MAGIC2		672274793
#define REBOOT_POWER_OFF	0x4321fedc

struct termios {
	u32 input, output, control, local;
	u8 line, characters[19];
};

#define TERMIOS_TIME		5
#define TERMIOS_LEAST		6

extern long system_call(long number, ...);

int system_open(const char *path)
{
	long file = system_call(SYS_OPENAT, HERE, path, READ_WRITE, 0);

	return (int)(file < 0 ? system_call(SYS_OPENAT, HERE, path, 0, 0) : file);
}

long system_read(int file, void *to, size_t bytes)
{
	return system_call(SYS_READ, file, to, bytes);
}

bool system_readable(int file)
{
	struct {
		int file;
		u16 asked, found;
	} poll = { file, POLL_IN, 0 };
	static const u64 no_time[2];

	return system_call(SYS_PPOLL, &poll, 1, no_time, NULL, 0) > 0;
}

long system_write(int file, const void *from, size_t bytes)
{
	return system_call(SYS_WRITE, file, from, bytes);
}

long system_read_at(int file, void *to, size_t bytes, u64 offset)
{
	return system_call(SYS_PREAD64, file, to, bytes, offset);
}

long system_write_at(int file, const void *from, size_t bytes, u64 offset)
{
	return system_call(SYS_PWRITE64, file, from, bytes, offset);
}

void system_close(int file)
{
	system_call(SYS_CLOSE, file);
}

bool system_mount(const char *type, const char *place)
{
	system_call(SYS_MKDIRAT, HERE, place, 0755);
	return !system_call(SYS_MOUNT, type, place, type, 0, NULL);
}

bool system_load_module(const char *path)
{
	int file = (int)system_call(SYS_OPENAT, HERE, path, 0, 0);	/* what is being written is not loaded */
	bool loaded = file >= 0 && !system_call(SYS_FINIT_MODULE, file, "", 0);

	system_close(file);
	return loaded;
}

bool system_map(int file, u64 offset, u64 bytes, uintptr_t place)
{
	return system_call(SYS_MMAP, place, bytes, PROTECTION, SHARED_FIXED, file, offset) ==
	       (long)place;
}

void system_make_raw(int terminal)
{
	struct termios termios;

	system_call(SYS_IOCTL, terminal, TCGETS, &termios);
	termios.input = 0;
	termios.output = 0;
	termios.local = 0;
	termios.characters[TERMIOS_TIME] = 0;
	termios.characters[TERMIOS_LEAST] = 1;
	system_call(SYS_IOCTL, terminal, TCSETS, &termios);
}

int system_timer(void)
{
	return (int)system_call(SYS_TIMERFD_CREATE, CLOCK_MONOTONIC, TIMER_NONBLOCK);
}

void system_start_timer(int timer, u32 milliseconds)
{
	u64 once[4] = { 0, 0, milliseconds / 1000, milliseconds % 1000 * 1000000ull };

	system_call(SYS_TIMERFD_SETTIME, timer, 0, once, NULL);
}

void system_power_off(void)
{
	for (;;)
		system_call(SYS_REBOOT, REBOOT_MAGIC, REBOOT_MAGIC2, REBOOT_POWER_OFF, NULL);
}
