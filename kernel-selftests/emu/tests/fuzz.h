/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzer's two files share: one run, and the calls that it can make. */
#ifndef EMU_TESTS_FUZZ_H
#define EMU_TESTS_FUZZ_H

#include "fixture.h"

#define STREAM_SIZE	(1 << 20)

struct fuzz {
	u64 random;
	u64 calls, migrations;
	unsigned long seed;	/* of this sequence */
	struct fixture *fixture;
	char settings[512];
	u8 stream[STREAM_SIZE];
	u64 stream_bytes;
};

void fail(const struct fuzz *fuzz, const char *what);	/* does not return */
u32 pick(struct fuzz *fuzz, u32 below);
bool is_v1(const struct fuzz *fuzz);

/* fuzz-calls.c */
bool exists(const struct fuzz *fuzz, u32 state);	/* has the device such a state? */
void make_call(struct fuzz *fuzz);

#endif
