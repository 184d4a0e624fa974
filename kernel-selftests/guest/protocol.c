// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The serial protocol: one line in, exactly one line out.  Without a command the
 * guest writes only `ready` at boot and `fatal` on an exception, so it can be
 * migrated at any moment, with half a command or half an answer.  A host that had
 * a command under way sends ^U and `hello` to the destination and reads up to the
 * answer to that.
 */
#include "protocol.h"

#include "commands.h"
#include "cpu.h"
#include "machine.h"
#include "message.h"
#include "probe.h"
#include "registers.h"
#include "serial.h"
#include "sparse.h"
#include "text.h"

#define LINE_BYTES	128
#define MAX_WORDS	5

static struct device *find_device(const char *word)
{
	u32 number;

	if (!parse_unsigned(word, &number) || number >= device_count)
		return NULL;
	return &devices[number];
}

/* irq D KIND [N]: N may be left out for `none` and `intx`. */
static void command_irq(char **words, unsigned int count)
{
	static const char *const names[] = {
		[KIND_NONE] = "none",
		[KIND_INTX] = "intx",
		[KIND_MSI] = "msi",
		[KIND_MSIX] = "msix",
	};
	struct device *device = count > 1 ? find_device(words[1]) : NULL;
	const char *error;
	u32 vectors = 1, kind;

	if (count < 3 || count > 4 || (count == 4 && !parse_unsigned(words[3], &vectors))) {
		answer("usage: irq D KIND N");
		return;
	}
	if (!device) {
		answer("no such device");
		return;
	}
	for (kind = 0; kind < ARRAY_SIZE(names); kind++)
		if (same_text(words[2], names[kind]))
			break;
	if (kind == ARRAY_SIZE(names)) {
		answer("no such kind");
		return;
	}
	error = irq_setup(device, kind, vectors);
	if (error) {
		answer(error);
		return;
	}
	print("ok");
	print_field("vectors", device->vectors);
	machine_put('\n');
}

static void run(const struct command *command, char **words, unsigned int count)
{
	struct device *device = NULL;
	unsigned int used = 1, i;
	u32 numbers[MAX_WORDS] = { 0 };

	if (count != 1 + command->device + command->numbers) {
		answer("wrong number of words");
		return;
	}
	if (command->device) {
		device = find_device(words[used++]);
		if (!device) {
			answer("no such device");
			return;
		}
	}
	for (i = 0; i < command->numbers; i++) {
		if (!parse_unsigned(words[used + i], &numbers[i])) {
			answer("not a number");
			return;
		}
	}
	command->run(device, numbers);
}

static void interpret(char *line)
{
	char *words[MAX_WORDS];
	unsigned int count = split_words(line, words, MAX_WORDS);
	const struct command *command;

	if (!count) {
		answer("empty or too long a line");
		return;
	}
	if (same_text(words[0], "irq")) {
		command_irq(words, count);
		return;
	}
	command = command_find(words[0]);
	if (command)
		run(command, words, count);
	else
		answer("no such command");
}

/*
 * The other processors are up before the first one places BARs.  An old QEMU (7.2)
 * changes the memory map of one that runs before it flushes that one's TLB: what
 * it writes in between to its interrupt controller goes somewhere else.
 */
void guest_main(void)
{
	static char line[LINE_BYTES];

	registers_set();
	cpus_start();
	cpus_await();
	probe_all();
	sparse_write();
	print_identity("ready");
	machine_irq_restore(true);
	for (;;) {
		serial_line(line, sizeof(line));
		interpret(line);
	}
}
