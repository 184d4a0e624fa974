// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts that the device raises, and the guest's answers.  Each raise of a
 * vector has a number; an answer covers all raises of its vector before it.
 * A raise is logged before its eventfd is signalled, so before it can be taken.
 */
#include "raise.h"

#include "config.h"
#include "faults.h"
#include "irq-names.h"
#include "log.h"
#include "model.h"
#include "states.h"

struct raise {
	u32 index, vector, sequence;
	const char *cause;
	const char *reason;	/* why it was not sent; NULL: it was */
};

static void log_raise(struct emu_device *device, const struct raise *raise)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "index", emu_irq_name(raise->index));
	emu_text_number(&text, "vector", raise->vector);
	emu_text_number(&text, "sequence", raise->sequence);
	emu_text_string(&text, "cause", raise->cause);
	emu_text_flag(&text, "sent", !raise->reason);
	if (raise->reason)
		emu_text_string(&text, "reason", raise->reason);
	emu_text_string(&text, "state", emu_state_name(emu_state(device)));
	/* The source's count is not known yet: see irq-renumber. */
	if (device->load.active && !device->load.complete)
		emu_text_flag(&text, "before-load", true);
	emu_log(device, "irq-raise", &text);
}

static void log_vector(struct emu_device *device, const char *event, u32 index, u32 vector,
		       u32 sequence)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "index", emu_irq_name(index));
	emu_text_number(&text, "vector", vector);
	emu_text_number(&text, "sequence", sequence);
	emu_log(device, event, &text);
}

static void send(struct emu_device *device, u32 vector)
{
	device->host->signal(device->context, device->irq.triggers[vector]);
}

static void send_late(struct emu_device *device, u32 vector)
{
	if (device->host->signal_late)
		device->host->signal_late(device->context, device->irq.triggers[vector]);
	else
		send(device, vector);
}

/* INTx is a level, which the kernel masks when it has passed it on once. */
static const char *intx_obstacle(const struct emu_device *device)
{
	if (device->irq.kind != VFIO_PCI_INTX_IRQ_INDEX || !device->irq.triggers[0])
		return "no-trigger";
	if (emu_intx_disabled(device))
		return "disabled";
	return device->irq.intx_masked ? "masked" : NULL;
}

static bool msi_masked(const struct emu_device *device, u32 vector)
{
	return device->irq.kind == VFIO_PCI_MSI_IRQ_INDEX && vector < EMU_MAX_MSI_VECTORS &&
	       (emu_msi_mask(device) >> vector & 1);
}

static const char *message_obstacle(const struct emu_device *device, u32 vector)
{
	if (device->irq.kind == EMU_NO_IRQ || !device->irq.triggers[vector])
		return "no-trigger";
	if (!emu_is_bus_master(device))
		return "no-bus-master";
	return msi_masked(device, vector) ? "masked" : NULL;
}

static bool is_held(const struct emu_device *device, u32 vector)
{
	return device->registers.held[vector / 32] >> vector % 32 & 1;
}

static void set_held(struct emu_device *device, u32 vector, bool held)
{
	u32 *word = &device->registers.held[vector / 32];

	*word = (*word & ~(1u << vector % 32)) | (u32)held << vector % 32;
}

/*
 * The pending bit of a vector is set where its mask is: that of MSI, or the one
 * that the kernel sets in MSI-X's table while its user has given no eventfd.
 */
static bool waits(const struct emu_device *device, u32 vector)
{
	if (msi_masked(device, vector))
		return true;
	return device->irq.kind == VFIO_PCI_MSIX_IRQ_INDEX && !device->irq.triggers[vector];
}

static void raise_intx(struct emu_device *device, struct raise *raise, bool swallowed)
{
	raise->vector = 0;
	raise->sequence = ++device->registers.intx_raised;
	if (swallowed)
		return;
	device->registers.intx_asserted = 1;
	if (!raise->reason)
		raise->reason = intx_obstacle(device);
	if (!raise->reason)
		device->irq.intx_masked = true;
}

static void raise_message(struct emu_device *device, struct raise *raise, bool swallowed)
{
	u32 vector = raise->vector;

	raise->sequence = ++device->registers.raised[vector];
	if (swallowed)
		return;
	if (!raise->reason)
		raise->reason = message_obstacle(device, vector);
	if (raise->reason && waits(device, vector))
		set_held(device, vector, true);
}

void emu_raise(struct emu_device *device, u32 vector, const char *cause)
{
	struct raise raise = { .vector = vector, .cause = cause };
	bool swallowed, late, by_guest = !strcmp(cause, "guest");
	int fault;

	raise.index = device->irq.kind;
	if (raise.index == EMU_NO_IRQ)
		raise.index = device->irq.hint;
	if (raise.index == EMU_NO_IRQ)
		raise.index = VFIO_PCI_MSIX_IRQ_INDEX;
	if (raise.index != VFIO_PCI_INTX_IRQ_INDEX && vector >= emu_vector_count(device))
		return;
	fault = emu_fault(device, EMU_OPERATION_RAISE, -1);
	swallowed = fault == EMU_FAULT_SWALLOW;
	late = fault == EMU_FAULT_LATE;
	if (swallowed)
		raise.reason = "swallowed";
	else if (by_guest && !emu_is_running(device) && fault != EMU_FAULT_ACCEPT && !late)
		raise.reason = "stopped";
	device->registers.raised_total++;
	if (raise.index == VFIO_PCI_INTX_IRQ_INDEX)
		raise_intx(device, &raise, swallowed);
	else
		raise_message(device, &raise, swallowed);
	log_raise(device, &raise);
	if (!raise.reason && late)
		send_late(device, raise.vector);
	else if (!raise.reason)
		send(device, raise.vector);
	if (swallowed)
		log_vector(device, "irq-swallow", raise.index, raise.vector, raise.sequence);
}

static const char *cause_of(u32 moment)
{
	switch (moment) {
	case EMU_RAISE_ON_SET_IRQS:
		return "set-irqs";
	case EMU_RAISE_ON_RUNNING_P2P:
		return "running-p2p";
	case EMU_RAISE_ON_STOPPING:
		return "stopping";
	default:
		return "running";
	}
}

/*
 * A moment came by at which the profile may want an interrupt: once each, on a
 * destination, or on the source where it is about stopping.  In SET_IRQS it has
 * to be one that sets the vector's trigger.
 */
void emu_raise_at(struct emu_device *device, u32 moment)
{
	bool on_destination = device->status & EMU_STATUS_DESTINATION;
	u32 vector = device->profile.raise_vector;

	if (!(device->profile.raise_on & moment & ~device->moments_raised))
		return;
	if (emu_is_asleep(device))
		return;
	/* A device that no driver has set up yet, which QEMU stops as well before it loads, is silent. */
	if (moment == EMU_RAISE_ON_STOPPING ? on_destination || !emu_is_bus_master(device) : !on_destination)
		return;
	if (device->irq.kind == VFIO_PCI_INTX_IRQ_INDEX)
		vector = 0;
	if (moment == EMU_RAISE_ON_SET_IRQS && !device->irq.triggers[vector])
		return;
	device->moments_raised |= moment;
	emu_raise(device, vector, cause_of(moment));
}

static void log_ack(struct emu_device *device, u32 index, u32 vector, u32 sequence, bool spurious)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "index", emu_irq_name(index));
	emu_text_number(&text, "vector", vector);
	emu_text_number(&text, "sequence", sequence);
	emu_text_flag(&text, "spurious", spurious);
	emu_log(device, "irq-ack", &text);
}

void emu_ack(struct emu_device *device, u32 vector)
{
	struct emu_registers *registers = &device->registers;
	u32 index = device->irq.kind;
	bool spurious;

	if (vector >= emu_vector_count(device))
		return;
	if (index != VFIO_PCI_MSI_IRQ_INDEX)
		index = VFIO_PCI_MSIX_IRQ_INDEX;
	spurious = registers->acked[vector] == registers->raised[vector];
	registers->acked[vector] = registers->raised[vector];
	set_held(device, vector, false);
	registers->acked_total++;
	registers->spurious_total += spurious;
	log_ack(device, index, vector, registers->raised[vector], spurious);
}

void emu_intx_ack(struct emu_device *device)
{
	struct emu_registers *registers = &device->registers;
	bool spurious = registers->intx_acked == registers->intx_raised;

	registers->intx_acked = registers->intx_raised;
	registers->intx_asserted = 0;
	registers->acked_total++;
	registers->spurious_total += spurious;
	log_ack(device, VFIO_PCI_INTX_IRQ_INDEX, 0, registers->intx_raised, spurious);
}

static void deliver_messages(struct emu_device *device)
{
	u32 vector;

	for (vector = 0; vector < emu_vector_count(device); vector++) {
		if (!is_held(device, vector) || message_obstacle(device, vector))
			continue;
		set_held(device, vector, false);
		log_vector(device, "irq-resend", device->irq.kind, vector,
			   device->registers.raised[vector]);
		send(device, vector);
	}
}

/* Interrupts that were raised but could not be sent yet: a level, or vectors with a pending bit. */
void emu_deliver_held(struct emu_device *device)
{
	if (device->registers.intx_asserted && !intx_obstacle(device)) {
		device->irq.intx_masked = true;
		log_vector(device, "irq-resend", VFIO_PCI_INTX_IRQ_INDEX, 0,
			   device->registers.intx_raised);
		send(device, 0);
	}
	if (device->irq.kind == VFIO_PCI_MSI_IRQ_INDEX || device->irq.kind == VFIO_PCI_MSIX_IRQ_INDEX)
		deliver_messages(device);
}

/* The level may still stand: then it is passed on again. */
void emu_intx_unmask(struct emu_device *device)
{
	device->irq.intx_masked = false;
	if (emu_is_running(device))
		emu_deliver_held(device);
}
