// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS, with the kernel's rules:
 * one of INTx, MSI and MSI-X at a time.
 */
#include "interrupts.h"

#include "bytes.h"
#include "faults.h"
#include "irq-names.h"
#include "log.h"
#include "model.h"
#include "raise.h"
#include "states.h"

#define DATA_TYPES	VFIO_IRQ_SET_DATA_TYPE_MASK
#define ACTIONS		VFIO_IRQ_SET_ACTION_TYPE_MASK

static u32 irq_count(const struct emu_device *device, u32 index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return device->profile.interrupt_pin ? 1 : 0;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return device->profile.msi_vectors;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return device->profile.vectors;
	default:
		return 1;
	}
}

/* Kernels of protocol v2's time add MSI-X vectors one by one; older ones cannot. */
static bool can_grow(const struct emu_device *device, u32 index)
{
	return index == VFIO_PCI_MSIX_IRQ_INDEX && emu_has_protocol(device, EMU_PROTOCOL_V2);
}

int emu_get_irq_info(struct emu_device *device, struct vfio_irq_info *info)
{
	if (info->argsz < sizeof(*info) || info->index >= EMU_NUM_IRQS)
		return -EINVAL;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	if (info->index == VFIO_PCI_INTX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (!can_grow(device, info->index))
		info->flags |= VFIO_IRQ_INFO_NORESIZE;
	info->count = irq_count(device, info->index);
	return 0;
}

static void replace(struct emu_device *device, void **slot, void *trigger)
{
	if (*slot)
		device->host->put_trigger(device->context, *slot);
	*slot = trigger;
}

static void disable(struct emu_device *device)
{
	u32 i;

	for (i = 0; i < EMU_MAX_VECTORS; i++)
		replace(device, &device->irq.triggers[i], NULL);
	device->irq.kind = EMU_NO_IRQ;
	device->irq.allocated = 0;
	device->irq.intx_masked = false;
}

void emu_drop_triggers(struct emu_device *device)
{
	disable(device);
	replace(device, &device->irq.error, NULL);
	replace(device, &device->irq.request, NULL);
}

static s32 set_fd(const struct vfio_irq_set *set, u32 i)
{
	s32 fd;

	memcpy(&fd, set->data + (size_t)i * sizeof(fd), sizeof(fd));
	return fd;
}

/* All triggers, or none and an error: nothing has changed then. */
static int stage_triggers(struct emu_device *device, const struct vfio_irq_set *set)
{
	void **staged = device->irq.staged;
	u32 i;

	for (i = 0; i < set->count; i++) {
		s32 fd = set_fd(set, i);

		staged[i] = fd < 0 ? NULL : device->host->get_trigger(device->context, fd);
		if (fd < 0 || staged[i])
			continue;
		while (i--)
			if (staged[i])
				device->host->put_trigger(device->context, staged[i]);
		return -EBADF;
	}
	return 0;
}

static int set_eventfds(struct emu_device *device, const struct vfio_irq_set *set)
{
	struct emu_interrupts *irq = &device->irq;
	u32 end = set->start + set->count;
	int error;
	u32 i;

	if (irq->kind == EMU_NO_IRQ ? !end : end > irq->allocated && !can_grow(device, set->index))
		return -EINVAL;
	error = stage_triggers(device, set);
	if (error)
		return error;
	irq->kind = set->index;
	irq->hint = set->index;
	if (end > irq->allocated)
		irq->allocated = end;
	for (i = 0; i < set->count; i++)
		replace(device, &irq->triggers[set->start + i], irq->staged[i]);
	return 0;
}

/* The user raises interrupts itself, to test them: the device has no part in it. */
static void signal_from_user(struct emu_device *device, const struct vfio_irq_set *set)
{
	u32 i;

	if (emu_fault(device, EMU_OPERATION_LOOP_BACK, -1) == EMU_FAULT_SWALLOW)
		return;
	for (i = 0; i < set->count; i++) {
		void *trigger = device->irq.triggers[set->start + i];

		if ((set->flags & VFIO_IRQ_SET_DATA_BOOL) && !set->data[i])
			continue;
		if (trigger)
			device->host->signal(device->context, trigger);
	}
}

static int trigger_device_irq(struct emu_device *device, const struct vfio_irq_set *set)
{
	struct emu_interrupts *irq = &device->irq;
	int error = 0;

	if (irq->kind == set->index && !set->count && (set->flags & VFIO_IRQ_SET_DATA_NONE)) {
		disable(device);
		return 0;
	}
	if (irq->kind != set->index && irq->kind != EMU_NO_IRQ)
		return -EINVAL;
	if (set->index == VFIO_PCI_INTX_IRQ_INDEX && set->count != 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		error = set_eventfds(device, set);
	else if (irq->kind != set->index || set->start + set->count > irq->allocated)
		error = -EINVAL;
	else
		signal_from_user(device, set);
	return error;
}

static int mask_intx(struct emu_device *device, const struct vfio_irq_set *set)
{
	if (set->index != VFIO_PCI_INTX_IRQ_INDEX)
		return -ENOTTY;
	if (device->irq.kind != VFIO_PCI_INTX_IRQ_INDEX || set->count != 1)
		return -EINVAL;
	/* The kernel can unmask by eventfd, which only KVM makes use of. */
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return -ENOTTY;
	if ((set->flags & VFIO_IRQ_SET_DATA_BOOL) && !set->data[0])
		return 0;
	if (set->flags & VFIO_IRQ_SET_ACTION_UNMASK)
		emu_intx_unmask(device);
	else
		device->irq.intx_masked = true;
	return 0;
}

/* ERR and REQ: one eventfd each; the device never uses them by itself. */
static int trigger_other(struct emu_device *device, const struct vfio_irq_set *set)
{
	void **slot = set->index == VFIO_PCI_ERR_IRQ_INDEX ? &device->irq.error :
							     &device->irq.request;
	int error;

	if (!(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return -ENOTTY;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		if (set->count != 1)
			return -EINVAL;
		error = stage_triggers(device, set);
		if (!error)
			replace(device, slot, device->irq.staged[0]);
		return error;
	}
	if (!set->count)
		replace(device, slot, NULL);
	else if (*slot && ((set->flags & VFIO_IRQ_SET_DATA_NONE) || set->data[0]))
		device->host->signal(device->context, *slot);
	return 0;
}

static bool one_bit(u32 bits)
{
	return bits && !(bits & (bits - 1));
}

static int validate(const struct emu_device *device, const struct vfio_irq_set *set, u32 bytes)
{
	u32 available = irq_count(device, set->index);
	u64 item = 0;

	if (set->flags & ~(u32)(DATA_TYPES | ACTIONS))
		return -EINVAL;
	if (!one_bit(set->flags & DATA_TYPES) || !one_bit(set->flags & ACTIONS))
		return -EINVAL;
	if (set->start >= available || set->count > available - set->start)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_BOOL)
		item = 1;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		item = sizeof(s32);
	if (set->count * item > emu_smaller(set->argsz, bytes) - sizeof(*set))
		return -EINVAL;
	return 0;
}

static void log_set(struct emu_device *device, const struct vfio_irq_set *set, u32 enabled,
		    int error)
{
	struct emu_text text = { .length = 0 };
	u32 flags = set->flags;

	emu_text_string(&text, "index", emu_irq_name(set->index));
	emu_text_number(&text, "start", set->start);
	emu_text_number(&text, "count", set->count);
	emu_text_string(&text, "action", flags & VFIO_IRQ_SET_ACTION_MASK ? "mask" :
			flags & VFIO_IRQ_SET_ACTION_UNMASK ? "unmask" : "trigger");
	emu_text_string(&text, "data", flags & VFIO_IRQ_SET_DATA_EVENTFD ? "eventfd" :
			flags & VFIO_IRQ_SET_DATA_BOOL ? "bool" : "none");
	emu_text_number(&text, "enabled", enabled);
	emu_text_string(&text, "state", emu_state_name(emu_state(device)));
	emu_text_errno(&text, error);
	emu_log(device, "set-irqs", &text);
}

static u32 count_eventfds(const struct vfio_irq_set *set)
{
	u32 valid = 0;
	u32 i;

	if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD))
		return 0;
	for (i = 0; i < set->count; i++)
		valid += set_fd(set, i) >= 0;
	return valid;
}

static int apply(struct emu_device *device, const struct vfio_irq_set *set)
{
	if (set->index > VFIO_PCI_MSIX_IRQ_INDEX)
		return trigger_other(device, set);
	if (set->flags & VFIO_IRQ_SET_ACTION_TRIGGER)
		return trigger_device_irq(device, set);
	return mask_intx(device, set);
}

/* The calls that make interrupts work, unlike those that take them down or prepare them. */
static bool sets_triggers(const struct vfio_irq_set *set)
{
	return set->index <= VFIO_PCI_MSIX_IRQ_INDEX &&
	       (set->flags & VFIO_IRQ_SET_ACTION_TRIGGER) && count_eventfds(set);
}

int emu_set_irqs(struct emu_device *device, const struct vfio_irq_set *set, u32 bytes)
{
	bool on_destination = device->status & EMU_STATUS_DESTINATION;
	bool swallowed = false;
	u32 enabled = 0;
	int error;

	if (bytes < sizeof(*set) || set->argsz < sizeof(*set) || set->index >= EMU_NUM_IRQS)
		return -EINVAL;
	error = validate(device, set, bytes);
	if (!error) {
		int fault = emu_fault(device, EMU_OPERATION_SET_IRQS,
				      on_destination && sets_triggers(set));

		error = fault < 0 ? fault : 0;
		swallowed = fault == EMU_FAULT_SWALLOW;
	}
	if (!error && !swallowed) {
		enabled = count_eventfds(set);
		error = apply(device, set);
	}
	log_set(device, set, enabled, error);
	if (!error && !swallowed && sets_triggers(set)) {
		device->irqs_set = true;
		if (emu_is_running(device))
			emu_deliver_held(device);
		emu_raise_at(device, EMU_RAISE_ON_SET_IRQS);
	}
	return error;
}
