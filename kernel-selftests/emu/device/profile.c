// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Profiles: the keys of devices.conf that concern the device itself.  What a
 * fault is made of is in faults.c.
 */
#include "device-internal.h"

#define MAX_BULK	(1ull << 40)
#define MAX_PAUSE_MS	600000

static void say(char *error, const char *first, const char *second)
{
	u32 length = 0;

	while (*first && length < EMU_ERROR_SIZE - 1)
		error[length++] = *first++;
	while (*second && length < EMU_ERROR_SIZE - 1)
		error[length++] = *second++;
	error[length] = '\0';
}

void emu_profile_defaults(struct emu_profile *profile)
{
	memset(profile, 0, sizeof(*profile));
	profile->protocol = EMU_PROTOCOL_V2;
	profile->seed = 1;
	profile->vectors = 8;
	profile->msi_vectors = 4;
	profile->interrupt_pin = 1;
	profile->pre_copy = true;
	profile->p2p = true;
	profile->pre_copy_bytes = 393216;
	profile->stop_copy_bytes = 131072;
}

bool emu_parse_number(const char *text, u64 least, u64 most, u64 *value)
{
	u64 base = 10;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	*value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		u64 digit;

		if (*text >= '0' && *text <= '9')
			digit = (u64)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			digit = (u64)(*text - 'a') + 10;
		else
			return false;
		if (digit >= base || *value > (most - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return *value >= least && *value <= most;
}

/* Is the item of a comma list at *list (moved behind it) `word`? */
static bool next_is(const char **list, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*list, word, length))
		return false;
	if ((*list)[length] && (*list)[length] != ',')
		return false;
	*list += length;
	if (**list == ',')
		(*list)++;
	return true;
}

static bool set_traits(struct emu_profile *profile, const char *value)
{
	profile->pre_copy = false;
	profile->p2p = false;
	while (*value) {
		if (next_is(&value, "pre-copy"))
			profile->pre_copy = true;
		else if (next_is(&value, "p2p"))
			profile->p2p = true;
		else
			return false;
	}
	return true;
}

static bool set_raise(struct emu_profile *profile, const char *value)
{
	profile->raise_on = 0;
	while (*value) {
		if (next_is(&value, "set-irqs"))
			profile->raise_on |= EMU_RAISE_ON_SET_IRQS;
		else if (next_is(&value, "running"))
			profile->raise_on |= EMU_RAISE_ON_RUNNING;
		else if (next_is(&value, "running-p2p"))
			profile->raise_on |= EMU_RAISE_ON_RUNNING_P2P;
		else
			return false;
	}
	return true;
}

static bool set_protocol(struct emu_profile *profile, const char *value)
{
	if (!strcmp(value, "v1"))
		profile->protocol = EMU_PROTOCOL_V1;
	else if (!strcmp(value, "v2"))
		profile->protocol = EMU_PROTOCOL_V2;
	else
		return false;
	return true;
}

static bool set_require(struct emu_profile *profile, const char *value)
{
	if (!*value || !strcmp(value, "none"))
		profile->require = EMU_REQUIRE_NOTHING;
	else if (!strcmp(value, "config"))
		profile->require = EMU_REQUIRE_CONFIG;
	else if (!strcmp(value, "config-any"))
		profile->require = EMU_REQUIRE_CONFIG_ANY;
	else if (!strcmp(value, "irqs"))
		profile->require = EMU_REQUIRE_IRQS;
	else
		return false;
	return true;
}

static bool set_dirty_report(struct emu_profile *profile, const char *value)
{
	profile->dirty_drop = !strcmp(value, "drop");
	return profile->dirty_drop || !strcmp(value, "true");
}

static bool set_msi_vectors(struct emu_profile *profile, const char *value)
{
	u64 number;

	if (!emu_parse_number(value, 1, EMU_MAX_MSI_VECTORS, &number) || (number & (number - 1)))
		return false;
	profile->msi_vectors = (u32)number;
	return true;
}

static bool set_interrupt_pin(struct emu_profile *profile, const char *value)
{
	u64 number;

	if (!emu_parse_number(value, 0, 4, &number))
		return false;
	profile->interrupt_pin = (u8)number;
	return true;
}

/* Keys that hold a plain number or a switch. */
#define MEMBER(name)	offsetof(struct emu_profile, name)

static const struct {
	const char *key;
	size_t member;
	u64 least, most;
} words[] = {
	{ "seed", MEMBER(seed), 0, 0xffffffff },
	{ "vectors", MEMBER(vectors), 1, EMU_MAX_VECTORS },
	{ "raise-vector", MEMBER(raise_vector), 0, EMU_MAX_VECTORS - 1 },
	{ "stop-copy-pause", MEMBER(stop_copy_pause_ms), 0, MAX_PAUSE_MS },
}, longs[] = {
	{ "pre-copy-bytes", MEMBER(pre_copy_bytes), 0, MAX_BULK },
	{ "stop-copy-bytes", MEMBER(stop_copy_bytes), 0, MAX_BULK },
};

static const struct {
	const char *key;
	size_t member;
} switches[] = {
	{ "region-mmap", MEMBER(region_mmap) },
	{ "memory-mmap", MEMBER(memory_mmap) },
	{ "dma-logging", MEMBER(dma_logging) },
	{ "self-contained", MEMBER(self_contained) },
};

static const struct {
	const char *key;
	bool (*set)(struct emu_profile *profile, const char *value);
} others[] = {
	{ "protocol", set_protocol },
	{ "msi-vectors", set_msi_vectors },
	{ "interrupt-pin", set_interrupt_pin },
	{ "traits", set_traits },
	{ "dirty-report", set_dirty_report },
	{ "require", set_require },
	{ "raise", set_raise },
	{ "fault", emu_add_fault },
};

/* 1: set; 0: not a key of these; -EINVAL: not a value for it. */
static int set_number(struct emu_profile *profile, const char *key, const char *value)
{
	u8 *base = (u8 *)profile;
	u64 number;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].key, key))
			continue;
		if (!emu_parse_number(value, words[i].least, words[i].most, &number))
			return -EINVAL;
		*(u32 *)(base + words[i].member) = (u32)number;
		return 1;
	}
	for (i = 0; i < ARRAY_SIZE(longs); i++) {
		if (strcmp(longs[i].key, key))
			continue;
		if (!emu_parse_number(value, longs[i].least, longs[i].most, &number))
			return -EINVAL;
		*(u64 *)(base + longs[i].member) = number;
		return 1;
	}
	return 0;
}

static int set_switch(struct emu_profile *profile, const char *key, const char *value)
{
	bool on = !strcmp(value, "on");
	u32 i;

	for (i = 0; i < ARRAY_SIZE(switches); i++) {
		if (strcmp(switches[i].key, key))
			continue;
		if (!on && strcmp(value, "off"))
			return -EINVAL;
		*(bool *)((u8 *)profile + switches[i].member) = on;
		return 1;
	}
	return 0;
}

static int set_other(struct emu_profile *profile, const char *key, const char *value)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcmp(others[i].key, key))
			return others[i].set(profile, value) ? 1 : -EINVAL;
	return 0;
}

int emu_profile_set(struct emu_profile *profile, const char *key, const char *value, char *error)
{
	int result = set_number(profile, key, value);

	if (!result)
		result = set_switch(profile, key, value);
	if (!result)
		result = set_other(profile, key, value);
	if (result > 0)
		return 0;
	if (result)
		say(error, "not a value for this key: ", value);
	else
		say(error, "unknown key: ", key);
	return -EINVAL;
}
