// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel series of mtty-fixes, vendor-stream, vendor-query and
 * vendor-filter make of mtty, seen from user space: run in a virtual machine, as root, with the
 * strategy's name, what the module or the type was told, and two new devices.
 *
 * Each check prints "ok NAME" or "not ok NAME"; a call that has to succeed for
 * the rest to mean anything ends the program where it does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/serial_reg.h>
#include <linux/vfio.h>

#define REGION(index)	((off_t)(index) << 40)
#define CONFIG		REGION(VFIO_PCI_CONFIG_REGION_INDEX)
#define HEADER_SIZE	24
#define PORT_SIZE	36
#define OLD_SIZE	(HEADER_SIZE + PORT_SIZE)
#define NEW_SIZE	(HEADER_SIZE + 2 * PORT_SIZE + 8)
#define FIFO_HEAD	(HEADER_SIZE + 8 + 16)
#define FIFO_COUNT	(FIFO_HEAD + 2)
#define DLAB		(FIFO_HEAD + 3)
#define CONFIG_FIRST	(1 << 3)

#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING
#define PRE_COPY	6 /* older headers have no name for it */

struct header {
	uint64_t magic;
	uint32_t major, minor, ports, flags;
};

struct device {
	const char *name;
	int container, group, fd;
	int intx, msi;		/* eventfds */
	int data;		/* of the state that was entered last, or -1 */
};

static void check(int holds, const char *name)
{
	printf("%sok %s\n", holds ? "" : "not ", name);
}

static int must(int result, const char *what)
{
	if (result < 0) {
		printf("not ok %s: %s\n", what, strerror(errno));
		exit(1);
	}
	return result;
}

static struct device opened(const char *name)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct device dev = { .name = name, .data = -1 };
	char path[64], group[256];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%.36s", name);
	must(chdir(path), "find the device");
	length = must(readlink("iommu_group", group, sizeof(group) - 1), "find its group");
	group[length] = 0;

	dev.container = must(open("/dev/vfio/vfio", O_RDWR), "open the container");
	snprintf(path, sizeof(path), "/dev/vfio%.16s", strrchr(group, '/'));
	dev.group = must(open(path, O_RDWR), "open the group");
	must(ioctl(dev.group, VFIO_GROUP_SET_CONTAINER, &dev.container), "set the container");
	must(ioctl(dev.container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU), "set the IOMMU");
	dev.fd = must(ioctl(dev.group, VFIO_GROUP_GET_DEVICE_FD, name), "get the device");
	must(ioctl(dev.fd, VFIO_DEVICE_GET_INFO, &info), "get the device's info");
	dev.intx = must(eventfd(0, EFD_NONBLOCK), "make an eventfd");
	dev.msi = must(eventfd(0, EFD_NONBLOCK), "make an eventfd");
	return dev;
}

static void closed(struct device *dev)
{
	if (dev->data >= 0)
		close(dev->data);
	close(dev->intx);
	close(dev->msi);
	close(dev->fd);
	close(dev->group);
	close(dev->container);
}

static uint64_t feature(struct device *dev, uint32_t flags, void *data, size_t size)
{
	uint64_t buffer[4] = { 0 };
	struct vfio_device_feature *ask = (void *)buffer;
	int ret;

	ask->argsz = sizeof(*ask) + size;
	ask->flags = flags;
	memcpy(ask->data, data, size);
	ret = ioctl(dev->fd, VFIO_DEVICE_FEATURE, ask);
	memcpy(data, ask->data, size);
	return ret;
}

static int enter(struct device *dev, uint32_t state)
{
	struct vfio_device_feature_mig_state set = { .device_state = state, .data_fd = -1 };
	int ret = feature(dev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			  &set, sizeof(set));

	if (!ret) {
		if (dev->data >= 0)
			close(dev->data);
		dev->data = set.data_fd;
	}
	return ret;
}

static uint32_t state_of(struct device *dev)
{
	struct vfio_device_feature_mig_state get = { 0 };

	must(feature(dev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		     &get, sizeof(get)), "get the state");
	return get.device_state;
}

static int set_irqs(struct device *dev, uint32_t flags, uint32_t index, int fd)
{
	uint64_t buffer[4] = { 0 };
	struct vfio_irq_set *set = (void *)buffer;
	int has_fd = !!(flags & VFIO_IRQ_SET_DATA_EVENTFD);

	set->argsz = sizeof(*set) + (has_fd ? sizeof(fd) : 0);
	set->flags = flags;
	set->index = index;
	set->count = has_fd || !(flags & VFIO_IRQ_SET_ACTION_TRIGGER);
	if (has_fd)
		memcpy(set->data, &fd, sizeof(fd));
	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, set);
}

static int set_up(struct device *dev, uint32_t index, int fd)
{
	return set_irqs(dev, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, index, fd);
}

static int take_down(struct device *dev, uint32_t index)
{
	return set_irqs(dev, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, index, -1);
}

static int unmask(struct device *dev)
{
	return set_irqs(dev, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
			VFIO_PCI_INTX_IRQ_INDEX, -1);
}

static int trigger(struct device *dev)
{
	uint64_t buffer[4] = { 0 };
	struct vfio_irq_set *set = (void *)buffer;

	set->argsz = sizeof(*set);
	set->flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_INTX_IRQ_INDEX;
	set->count = 1;
	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, set);
}

static int signaled(int fd)
{
	uint64_t number;

	return read(fd, &number, sizeof(number)) == sizeof(number) ? (int)number : 0;
}

static void put(struct device *dev, int reg, uint8_t value)
{
	must(pwrite(dev->fd, &value, 1, REGION(VFIO_PCI_BAR0_REGION_INDEX) + reg) - 1, "write a register");
}

/* The port raises its interrupt once */
static void raise_interrupt(struct device *dev)
{
	put(dev, UART_IER, UART_IER_MSI);
	put(dev, UART_MCR, UART_MCR_OUT2);
}

static ssize_t saved(struct device *dev, uint8_t *data, size_t room)
{
	ssize_t got, length = 0;

	must(enter(dev, STOP_COPY), "enter STOP_COPY");
	while ((got = read(dev->data, data + length, room - length)) > 0)
		length += got;
	must(got, "read the data");
	must(enter(dev, RUNNING), "leave STOP_COPY");
	return length;
}

static int resume(struct device *dev, const void *data, size_t size)
{
	must(enter(dev, RESUMING), "enter RESUMING");
	if (write(dev->data, data, size) != (ssize_t)size)
		return -1;
	return enter(dev, STOP);
}

static void reset(struct device *dev)
{
	must(ioctl(dev->fd, VFIO_DEVICE_RESET), "reset");
	check(state_of(dev) == RUNNING, "a reset leads to RUNNING");
}

static uint16_t config_word(struct device *dev, off_t at)
{
	uint16_t word;

	must(pread(dev->fd, &word, 2, CONFIG + at) - 2, "read config space");
	return word;
}

static void write_command(struct device *dev, uint16_t word)
{
	must(pwrite(dev->fd, &word, 2, CONFIG + PCI_COMMAND) - 2, "write the command register");
}

static void open_again(struct device *dev)
{
	const char *name = dev->name;

	closed(dev);
	*dev = opened(name);
	check(state_of(dev) == RUNNING, "a device that is opened again runs");
}

/* All that is in the data is good but for a byte: the last write tells, and the arc after it. */
static void spoiled(struct device *to, const uint8_t *data, size_t size, size_t at, uint8_t value,
		    const char *name)
{
	uint8_t bad[256];

	memcpy(bad, data, size);
	bad[at] = value;
	must(enter(to, RESUMING), "enter RESUMING");
	must(write(to->data, bad, size - 1) - (size - 1), "write all but the last byte");
	check(write(to->data, bad + size - 1, 1) < 0 && errno == EINVAL, name);
	check(enter(to, STOP) < 0 && errno == EINVAL, "and not loaded");
	reset(to);
}

/* What all series have that give and take data */
static void held(struct device *dev)
{
	must(set_up(dev, VFIO_PCI_INTX_IRQ_INDEX, dev->intx), "set up INTx");
	must(enter(dev, STOP), "stop");
	raise_interrupt(dev);
	check(!signaled(dev->intx), "nothing is signaled in STOP");
	must(enter(dev, RUNNING), "run");
	check(signaled(dev->intx) == 1, "it is when the device runs");
	must(unmask(dev), "unmask");
	must(enter(dev, STOP), "stop");
	raise_interrupt(dev);
	reset(dev);
	check(!signaled(dev->intx), "a reset drops what was held");
	raise_interrupt(dev);
	check(signaled(dev->intx) == 1, "and the device goes on as usual");
	must(unmask(dev), "unmask");
	must(take_down(dev, VFIO_PCI_INTX_IRQ_INDEX), "take down");
	must(enter(dev, STOP), "stop");
	raise_interrupt(dev);
	must(enter(dev, RUNNING), "run");
	must(set_up(dev, VFIO_PCI_INTX_IRQ_INDEX, dev->intx), "set up INTx");
	check(signaled(dev->intx) == 1, "what is set up first when it runs is signaled");
	must(take_down(dev, VFIO_PCI_INTX_IRQ_INDEX), "take down");
}

static void fixes(struct device *from, struct device *to)
{
	uint8_t data[256];
	ssize_t size;

	must(enter(from, PRE_COPY), "enter PRE_COPY");
	check(read(from->data, data, sizeof(data)) == HEADER_SIZE, "there is a header in PRE_COPY");
	check(read(from->data, data, sizeof(data)) < 0 && errno == ENOMSG, "and then, there are no data yet");
	must(enter(from, RUNNING), "run");
	size = saved(from, data, sizeof(data));
	check(size == OLD_SIZE, "the data are as they were");
	check(!resume(to, data, size), "and are loaded");
	must(enter(to, RUNNING), "run");
	spoiled(to, data, size, FIFO_HEAD, 200, "a FIFO out of its bounds is refused");
	spoiled(to, data, size, FIFO_COUNT, 3, "so is one whose count does not fit");
	spoiled(to, data, size, DLAB, 2, "and a bool that is none");
	held(to);

	must(enter(to, RESUMING), "enter RESUMING");
	data[0] ^= 1;
	check(write(to->data, data, HEADER_SIZE) < 0 && errno == EINVAL, "a header that is none is refused");
	data[0] ^= 1;
	check(write(to->data, data + HEADER_SIZE, PORT_SIZE) < 0 || enter(to, STOP) < 0,
	      "and what follows is not loaded");
	open_again(to);
	check(!resume(to, data, size), "and takes its data");
	open_again(to);
}

static void stream(struct device *from, struct device *to)
{
	uint8_t data[256], other[256];
	struct header *header = (void *)data;
	uint32_t *irq = (void *)(data + HEADER_SIZE + 2 * PORT_SIZE);

	must(set_up(from, VFIO_PCI_INTX_IRQ_INDEX, from->intx), "set up INTx");
	raise_interrupt(from);
	check(signaled(from->intx) == 1, "the source signals INTx");
	check(saved(from, data, sizeof(data)) == NEW_SIZE, "the data have their size");
	check(header->minor == 1 && irq[0] == 1 && irq[1] == 0, "the data say that an interrupt is raised");

	must(set_up(to, VFIO_PCI_INTX_IRQ_INDEX, to->intx), "set up INTx");
	must(resume(to, data, NEW_SIZE), "resume");
	check(!signaled(to->intx), "nothing is signaled before the device runs");
	must(enter(to, RUNNING), "run");
	check(signaled(to->intx) == 1, "what is set up first is signaled when it runs");
	raise_interrupt(to);
	check(!signaled(to->intx), "it is masked until it is unmasked");
	must(unmask(to), "unmask");
	raise_interrupt(to);
	check(signaled(to->intx) == 1, "and then goes on as usual");
	must(take_down(to, VFIO_PCI_INTX_IRQ_INDEX), "take down");

	must(resume(to, data, NEW_SIZE), "resume");
	must(enter(to, RUNNING), "run");
	must(set_up(to, VFIO_PCI_INTX_IRQ_INDEX, to->intx), "set up INTx");
	check(signaled(to->intx) == 1, "what is set up last is signaled then");
	must(take_down(to, VFIO_PCI_INTX_IRQ_INDEX), "take down");

	/* Whatever the source had set up */
	must(enter(to, RESUMING), "enter RESUMING");
	must(set_up(to, VFIO_PCI_MSI_IRQ_INDEX, to->msi), "set up MSI");
	must(write(to->data, data, NEW_SIZE) - NEW_SIZE, "write the data");
	must(enter(to, STOP), "leave RESUMING");
	check(!signaled(to->msi), "no MSI is signaled before the device runs");
	must(enter(to, RUNNING), "run");
	check(signaled(to->msi) == 1, "MSI is signaled when that is what is set up");
	must(take_down(to, VFIO_PCI_MSI_IRQ_INDEX), "take down");

	/* A trigger of the user's own is none of the device's */
	irq[0] = 0;
	must(set_up(to, VFIO_PCI_INTX_IRQ_INDEX, to->intx), "set up INTx");
	must(resume(to, data, NEW_SIZE), "resume");
	must(trigger(to), "trigger");
	check(signaled(to->intx) == 1, "a trigger is signaled at once");
	must(enter(to, RUNNING), "run");
	check(saved(to, other, sizeof(other)) == NEW_SIZE, "the data have their size");
	check(!other[HEADER_SIZE + 2 * PORT_SIZE], "it is not carried");
	must(unmask(to), "unmask");
	check(!signaled(to->intx), "nor raised again");
	must(take_down(to, VFIO_PCI_INTX_IRQ_INDEX), "take down");

	memcpy(other, data, sizeof(data));
	((struct header *)other)->minor = 0;
	check(!resume(to, other, OLD_SIZE), "data of version 0 are loaded");
	must(enter(to, RUNNING), "run");
	check(resume(to, other, OLD_SIZE + 1) < 0, "and no more than these");
	reset(to);
	((struct header *)other)->minor = 2;
	must(enter(to, RESUMING), "enter RESUMING");
	check(write(to->data, other, HEADER_SIZE) < 0, "a later version is refused");
	check(write(to->data, other + HEADER_SIZE, PORT_SIZE) < 0 || enter(to, STOP) < 0,
	      "and what follows is not loaded");
	reset(to);
	spoiled(to, data, NEW_SIZE, FIFO_HEAD, 200, "a FIFO out of its bounds is refused");
	spoiled(to, data, NEW_SIZE, HEADER_SIZE + 2 * PORT_SIZE, 2, "an interrupt that is neither raised nor not is refused");
	spoiled(to, data, NEW_SIZE, HEADER_SIZE + 2 * PORT_SIZE + 4, 1, "what is reserved is refused");
	check(resume(to, data, NEW_SIZE - 1) < 0, "data that are incomplete are refused");
	reset(to);
	held(to);
	irq[0] = 1;
	must(resume(to, data, NEW_SIZE), "resume");
	open_again(to);
	must(set_up(to, VFIO_PCI_INTX_IRQ_INDEX, to->intx), "set up INTx");
	check(!signaled(to->intx), "and has no interrupt of the last user's");
}

static void stream_old(struct device *from)
{
	uint8_t data[256];

	check(saved(from, data, sizeof(data)) == OLD_SIZE, "data of version 0 are saved");
	check(((struct header *)data)->minor == 0, "and say so");
}

static uint64_t flags_of(struct device *dev)
{
	struct vfio_device_feature_migration get = { 0 };

	must(feature(dev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION, &get, sizeof(get)),
	     "get the flags");
	return get.flags;
}

static void query(struct device *from, struct device *to, int wanted)
{
	uint8_t data[256];
	ssize_t size = saved(from, data, sizeof(data));

	check(!(flags_of(to) & CONFIG_FIRST) == !wanted, "the flag is as the parameter says");
	write_command(to, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
	check(config_word(to, PCI_COMMAND) == PCI_COMMAND_MASTER, "the command register keeps what there is");
	write_command(to, PCI_COMMAND_IO);
	check(config_word(to, PCI_COMMAND) == PCI_COMMAND_IO, "and forgets the rest");
	reset(to);
	check(config_word(to, PCI_COMMAND) == PCI_COMMAND_IO, "a reset makes it new");
	must(resume(to, data, size), "load without config space");
	write_command(to, PCI_COMMAND_IO);
	must(enter(to, RESUMING), "enter RESUMING");
	must(write(to->data, data, size) - size, "write the data");
	write_command(to, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	check(!enter(to, STOP), "data are accepted with config space behind them");
	must(enter(to, RESUMING), "enter RESUMING");
	write_command(to, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	must(write(to->data, data, size) - size, "write the data");
	check(!enter(to, STOP), "and with config space before them");
	check(config_word(to, PCI_COMMAND) == (PCI_COMMAND_IO | PCI_COMMAND_MASTER), "which is kept");
	must(enter(to, RUNNING), "run");
}

static void filter(struct device *from, struct device *to, int has_msi)
{
	uint8_t data[256];
	ssize_t size = saved(from, data, sizeof(data));
	uint8_t capability = 0;
	int i, last = 0;

	must(pread(to->fd, &capability, 1, CONFIG + PCI_CAPABILITY_LIST) - 1, "read config space");
	check(!capability == !has_msi, "there is a capability if the type has one");
	if (has_msi) {
		uint16_t word = 0xffff;

		check((config_word(to, capability) & 0xff) == PCI_CAP_ID_MSI, "it is MSI's");
		must(pwrite(to->fd, &word, 2, CONFIG + capability + PCI_MSI_FLAGS) - 2, "write the flags");
		check(config_word(to, capability + PCI_MSI_FLAGS) == PCI_MSI_FLAGS_ENABLE,
		      "of its flags Enable can be written");
		must(pwrite(to->fd, &word, 2, CONFIG + capability + PCI_MSI_DATA_32) - 2, "write the data");
		check(config_word(to, capability + PCI_MSI_DATA_32) == 0xffff, "so can the data");
		check(config_word(to, capability) >> 8 == 0, "it is the last one");
	}

	must(set_up(to, VFIO_PCI_INTX_IRQ_INDEX, to->intx), "set up INTx");
	check(set_up(to, VFIO_PCI_MSI_IRQ_INDEX, to->msi) < 0, "while it runs, MSI beside INTx is refused");
	must(enter(to, RESUMING), "enter RESUMING");
	check(!set_up(to, VFIO_PCI_MSI_IRQ_INDEX, to->msi), "in RESUMING it is accepted");
	check(set_up(to, VFIO_PCI_MSI_IRQ_INDEX, 0) < 0 && errno == EINVAL, "what is no eventfd is not");
	check(set_up(to, VFIO_PCI_MSIX_IRQ_INDEX, to->msi) < 0 && errno == ENOTTY, "nor what the device has not");
	check(set_irqs(to, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, VFIO_PCI_INTX_IRQ_INDEX,
		       to->intx) < 0 && errno == ENOTTY, "nor an eventfd that unmasks");
	check(set_irqs(to, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, VFIO_PCI_MSI_IRQ_INDEX, -1) < 0 &&
	      errno == ENOTTY, "nor a mask of MSI");
	must(write(to->data, data, size) - size, "write the data");
	check(enter(to, STOP) < 0 && errno == EINVAL, "the arc fails for it");
	check(enter(to, STOP) < 0 && state_of(to) == RESUMING, "and fails again");
	reset(to);
	must(resume(to, data, size), "resume after the reset");
	must(enter(to, RUNNING), "run");
	raise_interrupt(to);
	check(signaled(to->intx) == 1, "what was dropped has had no effect");

	must(enter(to, RESUMING), "enter RESUMING");
	must(take_down(to, VFIO_PCI_INTX_IRQ_INDEX), "take INTx down");
	i = must(dup(to->msi), "dup");
	must(set_up(to, VFIO_PCI_MSI_IRQ_INDEX, i), "set up MSI");
	close(i);
	must(write(to->data, data, size) - size, "write the data");
	must(enter(to, STOP), "leave RESUMING");
	must(enter(to, RUNNING), "run");
	raise_interrupt(to);
	check(signaled(to->msi) == 1 && !signaled(to->intx), "calls are done in their order, with the files they had");

	must(enter(to, RESUMING), "enter RESUMING");
	for (i = 0; i < 100 && !last; i++)
		last = set_up(to, VFIO_PCI_MSI_IRQ_INDEX, to->msi);
	check(last < 0 && errno == ENOSPC && i == 17, "sixteen calls can wait");
	reset(to);
	must(enter(to, RESUMING), "enter RESUMING");
	must(set_up(to, VFIO_PCI_MSI_IRQ_INDEX, to->msi), "a device is closed with a call put off");
	open_again(to);
	must(set_up(to, VFIO_PCI_INTX_IRQ_INDEX, to->intx), "set up INTx");
	raise_interrupt(to);
	check(signaled(to->intx) == 1, "and what is set up is set up");
	check(set_up(to, VFIO_PCI_INTX_IRQ_INDEX, to->group) < 0, "what is no eventfd is refused");
	must(unmask(to), "unmask");
	raise_interrupt(to);
	check(signaled(to->intx) == 1, "and leaves what was set up");
	if (!has_msi)
		return;
	check(!(config_word(to, capability + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE), "its MSI capability is as new");
}

int main(int argc, char **argv)
{
	struct device from, to;
	int number;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc != 5)
		return 2;
	number = atoi(argv[2]);
	from = opened(argv[3]);
	to = opened(argv[4]);
	if (!strcmp(argv[1], "mtty-fixes"))
		fixes(&from, &to);
	else if (!strcmp(argv[1], "vendor-stream") && number)
		stream(&from, &to);
	else if (!strcmp(argv[1], "vendor-stream"))
		stream_old(&from);
	else if (!strcmp(argv[1], "vendor-query"))
		query(&from, &to, number);
	else
		filter(&from, &to, number);
	closed(&from);
	closed(&to);
	printf("ended %s %d\n", argv[1], number);
	return 0;
}
