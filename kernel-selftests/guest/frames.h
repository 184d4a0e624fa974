/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of RAM ("frames"), by their numbers from its start: which are somebody's.
 * Those are taken at places that nobody can guess, and what lies around them is
 * nobody's, unless whoever takes them wants a certain place.
 */
#ifndef GUEST_FRAMES_H
#define GUEST_FRAMES_H

#include "types.h"

#define PAGE_WORDS	(PAGE_SIZE / 4)
/*
 * All of them in a few regions: the host gives memory in pieces of 2 MiB, and
 * a guest that had used all of its RAM would take much longer to migrate.
 */
#define REGION		512

u32 random_number(void);

u32 frames_count(void);
volatile u32 *frame_words(u32 frame);
bool words_are_zero(const volatile u32 *words);	/* a page of them */
bool frame_is_zero(u32 frame);
bool frame_is_taken(u32 frame);
u32 frame_take(u32 frame);		/* which it returns */
void frame_give_back(u32 frame);	/* it is all zero then */
/* `count` frames from this one on, and one on either side, are nobody's. */
bool frames_are_free(u32 frame, u32 count);
u32 frames_any_region(void);		/* its first one */
u32 frame_take_any(u32 region);		/* in the region if there is room */

/* A frame at the side of one that is somebody's, which itself is nobody's; 0: there is none. */
u32 frame_before(u32 frame);
u32 frame_behind(u32 frame);
void frame_clear(u32 frame);		/* is not written if it is all zero already */

#endif
