// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads profiles.
 */
#include "profile.h"

#include "number.h"

#define MEMBER(name)	offsetof(struct emu_profile, name)
#define BYTES(name)	sizeof(((struct emu_profile *)NULL)->name)

static const struct number {
	const char *key;
	size_t member, bytes;
	u64 standard, least, most;
	bool power_of_two;
} numbers[] = {
#define EMU_NUMBER(key, name, standard, least, most) \
	{ key, MEMBER(name), BYTES(name), standard, least, most, false },
#define EMU_POWER_OF_TWO(key, name, standard, least, most) \
	{ key, MEMBER(name), BYTES(name), standard, least, most, true },
#include "profile.def"
};

static const struct {
	const char *key;
	size_t member;
} switches[] = {
#define EMU_SWITCH(key, name) { key, MEMBER(name) },
#include "profile.def"
};

/* A word that a key takes, and what it stands for. */
struct word {
	const char *name;
	u32 value;
};

static const struct word protocols[] = {
#define EMU_PROTOCOL(word, name, value) { word, value },
#define EMU_PROTOCOL_PAIR(word, name, value) { word, value },
#include "profile.def"
};

enum {
#define EMU_TRAIT(word, name, bit) TRAIT_##name = bit,
#include "profile.def"
};

static const struct word traits[] = {
#define EMU_TRAIT(word, name, bit) { word, bit },
#include "profile.def"
};

static const struct word dirty_reports[] = {
#define EMU_DIRTY_REPORT(word, drop) { word, drop },
#include "profile.def"
};

static const struct word requirements[] = {
#define EMU_REQUIREMENT(word, name) { word, EMU_REQUIRE_##name },
#include "profile.def"
	{ "none", EMU_REQUIRE_NOTHING },
	{ "", EMU_REQUIRE_NOTHING },
};

static const struct word moments[] = {
#define EMU_MOMENT(word, name, bit) { word, bit },
#include "profile.def"
};

static void say(char *error, const char *first, const char *second)
{
	u32 length = 0;

	while (*first && length < EMU_ERROR_SIZE - 1)
		error[length++] = *first++;
	while (*second && length < EMU_ERROR_SIZE - 1)
		error[length++] = *second++;
	error[length] = '\0';
}

static void store(struct emu_profile *profile, const struct number *number, u64 value)
{
	void *member = (u8 *)profile + number->member;

	if (number->bytes == sizeof(u64))
		*(u64 *)member = value;
	else
		*(u32 *)member = (u32)value;
}

void emu_profile_defaults(struct emu_profile *profile)
{
	u32 i;

	memset(profile, 0, sizeof(*profile));
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		store(profile, &numbers[i], numbers[i].standard);
	profile->protocol = EMU_PROTOCOL_V2;
	profile->pre_copy = true;
	profile->p2p = true;
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

static const struct word *next_word(const struct word *words, u32 count, const char **list)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (next_is(list, words[i].name))
			return &words[i];
	return NULL;
}

/* The bits of the words of a comma list; false: there is another word in it. */
static bool parse_list(const struct word *words, u32 count, const char *list, u32 *bits)
{
	*bits = 0;
	while (*list) {
		const struct word *word = next_word(words, count, &list);

		if (!word)
			return false;
		*bits |= word->value;
	}
	return true;
}

static bool parse_word(const struct word *words, u32 count, const char *text, u32 *value)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (strcmp(words[i].name, text))
			continue;
		*value = words[i].value;
		return true;
	}
	return false;
}

static bool set_traits(struct emu_profile *profile, const char *value)
{
	u32 bits;

	if (!parse_list(traits, ARRAY_SIZE(traits), value, &bits))
		return false;
	profile->pre_copy = bits & TRAIT_PRE_COPY;
	profile->p2p = bits & TRAIT_P2P;
	return true;
}

static bool set_raise(struct emu_profile *profile, const char *value)
{
	return parse_list(moments, ARRAY_SIZE(moments), value, &profile->raise_on);
}

static bool set_protocol(struct emu_profile *profile, const char *value)
{
	u32 protocol;

	if (!parse_word(protocols, ARRAY_SIZE(protocols), value, &protocol))
		return false;
	profile->protocol = (enum emu_protocol)protocol;
	return true;
}

static bool set_require(struct emu_profile *profile, const char *value)
{
	u32 requirement;

	if (!parse_word(requirements, ARRAY_SIZE(requirements), value, &requirement))
		return false;
	profile->require = (enum emu_requirement)requirement;
	return true;
}

static bool set_dirty_report(struct emu_profile *profile, const char *value)
{
	u32 drop;

	if (!parse_word(dirty_reports, ARRAY_SIZE(dirty_reports), value, &drop))
		return false;
	profile->dirty_drop = drop;
	return true;
}

static bool add_fault(struct emu_profile *profile, const char *value)
{
	if (profile->fault_count >= EMU_MAX_FAULTS)
		return false;
	if (!emu_fault_parse(&profile->faults[profile->fault_count], value))
		return false;
	profile->fault_count++;
	return true;
}

static const struct {
	const char *key;
	bool (*set)(struct emu_profile *profile, const char *value);
} others[] = {
	{ "protocol", set_protocol },
	{ "traits", set_traits },
	{ "dirty-report", set_dirty_report },
	{ "require", set_require },
	{ "raise", set_raise },
	{ "fault", add_fault },
};

/* 1: set; 0: not a key of these; -EINVAL: not a value for it. */
static int set_number(struct emu_profile *profile, const char *key, const char *value)
{
	u64 number;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(numbers[i].key, key))
			continue;
		if (!emu_parse_number(value, numbers[i].least, numbers[i].most, &number))
			return -EINVAL;
		if (numbers[i].power_of_two && (number & (number - 1)))
			return -EINVAL;
		store(profile, &numbers[i], number);
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

bool emu_profile_is_sound(const struct emu_profile *profile)
{
	if (!profile->protocol || profile->protocol & ~EMU_PROTOCOL_BOTH)
		return false;
	if (!profile->vectors || profile->vectors > EMU_MAX_VECTORS)
		return false;
	if (!profile->msi_vectors || profile->msi_vectors > EMU_MAX_MSI_VECTORS)
		return false;
	return profile->fault_count <= EMU_MAX_FAULTS && profile->raise_vector < profile->vectors;
}

const char *emu_requirement_name(enum emu_requirement requirement)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(requirements); i++)
		if (requirements[i].value == (u32)requirement)
			return requirements[i].name;
	return "unknown";
}
