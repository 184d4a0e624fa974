// SPDX-License-Identifier: GPL-2.0-or-later
/* Which pages of RAM are somebody's. */
#include "frames.h"

#include "../abi/content.h"
#include "machine.h"
#include "memory.h"

#define MAX_FRAMES	(1u << 16)	/* 256 MiB of RAM; what is above is left alone */

extern char ram_free[];

static u32 taken[MAX_FRAMES / 32];
static u32 random_state;

u32 random_number(void)
{
	u64 ticks;
	u32 hertz;

	machine_ticks(&ticks, &hertz);
	random_state = mix(random_state + 0x9e3779b9 + (u32)ticks);
	return random_state;
}

u32 frames_count(void)
{
	struct window ram = machine_ram();
	u64 count = (ram.limit + 1 - ram.base) / PAGE_SIZE;

	return count < MAX_FRAMES ? count : MAX_FRAMES;
}

volatile u32 *frame_words(u32 frame)
{
	return (volatile u32 *)((uintptr_t)machine_ram().base + (uintptr_t)frame * PAGE_SIZE);
}

bool words_are_zero(const volatile u32 *words)
{
	u32 word;

	for (word = 0; word < PAGE_WORDS; word++)
		if (words[word])
			return false;
	return true;
}

bool frame_is_zero(u32 frame)
{
	return words_are_zero(frame_words(frame));
}

void frame_clear(u32 frame)
{
	volatile u32 *words = frame_words(frame);
	u32 word;

	if (frame_is_zero(frame))
		return;
	for (word = 0; word < PAGE_WORDS; word++)
		words[word] = 0;
	memory_show_page(words);
}

bool frame_is_taken(u32 frame)
{
	return taken[frame / 32] >> frame % 32 & 1;
}

u32 frame_take(u32 frame)
{
	taken[frame / 32] |= 1u << frame % 32;
	return frame;
}

void frame_give_back(u32 frame)
{
	frame_clear(frame);
	taken[frame / 32] &= ~(1u << frame % 32);
}

bool frames_are_free(u32 frame, u32 count)
{
	u32 first = ((uintptr_t)ram_free - (uintptr_t)machine_ram().base + PAGE_SIZE - 1) / PAGE_SIZE;
	u32 i;

	if (frame <= first || frame + count >= frames_count())
		return false;
	for (i = 0; i < count + 2; i++)
		if (frame_is_taken(frame - 1 + i))
			return false;
	return true;
}

u32 frames_any_region(void)
{
	return random_number() % (frames_count() / REGION) * REGION;
}

u32 frame_take_any(u32 region)
{
	u32 frame, tries = 0;

	do {
		if (++tries > REGION)
			region = frames_any_region();
		frame = region + random_number() % REGION;
	} while (!frames_are_free(frame, 1));
	return frame_take(frame);
}

u32 frame_before(u32 frame)
{
	return frame && !frame_is_taken(frame - 1) ? frame - 1 : 0;
}

u32 frame_behind(u32 frame)
{
	return frame + 1 < frames_count() && !frame_is_taken(frame + 1) ? frame + 1 : 0;
}
