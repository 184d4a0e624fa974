// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's part of a driver of the emulated device: what a program cannot do,
 * which is to take interrupts. They are set up, masked and taken down by the
 * kernel's own functions, and acknowledged to the device in the handler.
 */
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "request.h"

#define REGISTER_ACK	0x014
#define REGISTER_INTX	0x018
#define MAX_VECTORS	2048

struct guest_device;

struct guest_vector {
	struct guest_device *device;
	u32 index, count;
	int irq;
	bool masked;
};

struct guest_device {
	struct miscdevice misc;
	struct pci_dev *pci;
	void __iomem *registers;
	u32 kind, vectors;
	struct guest_vector vector[MAX_VECTORS];
};

static irqreturn_t take_message(int irq, void *argument)
{
	struct guest_vector *vector = argument;

	WRITE_ONCE(vector->count, vector->count + 1);
	writel(vector->index, vector->device->registers + REGISTER_ACK);
	return IRQ_HANDLED;
}

static irqreturn_t take_line(int irq, void *argument)
{
	struct guest_vector *vector = argument;
	void __iomem *intx = vector->device->registers + REGISTER_INTX;

	if (!readl(intx))
		return IRQ_NONE;
	WRITE_ONCE(vector->count, vector->count + 1);
	writel(1, intx);
	return IRQ_HANDLED;
}

static int start(struct guest_device *device, struct guest_vector *vector)
{
	bool line = device->kind == REQUEST_INTX;

	/* Masked means masked: at once, and not only when an interrupt comes. */
	irq_set_status_flags(vector->irq, IRQ_DISABLE_UNLAZY);
	return request_irq(vector->irq, line ? take_line : take_message, line ? IRQF_SHARED : 0,
			   "qpatch", vector);
}

static void take_down(struct guest_device *device, u32 started)
{
	u32 index;

	for (index = 0; index < started; index++)
		free_irq(device->vector[index].irq, &device->vector[index]);
	if (device->kind != REQUEST_NONE)
		pci_free_irq_vectors(device->pci);
	pci_intx(device->pci, 0);
	device->kind = REQUEST_NONE;
	device->vectors = 0;
}

static int set_up(struct guest_device *device, u32 kind, u32 vectors)
{
	static const unsigned int flags[] = {
		[REQUEST_INTX] = PCI_IRQ_INTX,
		[REQUEST_MSI] = PCI_IRQ_MSI,
		[REQUEST_MSIX] = PCI_IRQ_MSIX,
	};
	u32 index;
	int error;

	if (kind > REQUEST_MSIX || vectors > MAX_VECTORS)
		return -EINVAL;
	take_down(device, device->vectors);
	if (kind == REQUEST_NONE)
		return 0;
	error = pci_alloc_irq_vectors(device->pci, vectors, vectors, flags[kind]);
	if (error < 0)
		return error;
	device->kind = kind;
	for (index = 0; index < vectors; index++) {
		struct guest_vector *vector = &device->vector[index];

		*vector = (struct guest_vector){
			.device = device,
			.index = index,
			.irq = pci_irq_vector(device->pci, index),
		};
		error = start(device, vector);
		if (error) {
			take_down(device, index);
			return error;
		}
	}
	device->vectors = vectors;
	return 0;
}

static int mask(struct guest_vector *vector, bool masked)
{
	if (vector->masked != masked)
		(masked ? disable_irq : enable_irq)(vector->irq);
	vector->masked = masked;
	return 0;
}

static int renew(struct guest_vector *vector)
{
	int error;

	if (vector->masked)
		return -EBUSY;
	free_irq(vector->irq, vector);
	error = start(vector->device, vector);
	WARN_ON(error);	/* it did work before */
	return error;
}

static struct guest_device *device_of(struct file *file)
{
	return container_of(file->private_data, struct guest_device, misc);
}

static ssize_t guest_write(struct file *file, const char __user *from, size_t bytes, loff_t *offset)
{
	struct guest_device *device = device_of(file);
	struct request request;
	int error = -EINVAL;

	if (bytes != sizeof(request))
		return -EINVAL;
	if (copy_from_user(&request, from, sizeof(request)))
		return -EFAULT;
	if (request.what == REQUEST_SETUP)
		error = set_up(device, request.first, request.second);
	else if (request.first >= device->vectors)
		error = -EINVAL;
	else if (request.what == REQUEST_MASK || request.what == REQUEST_UNMASK)
		error = mask(&device->vector[request.first], request.what == REQUEST_MASK);
	else if (request.what == REQUEST_RENEW)
		error = renew(&device->vector[request.first]);
	return error ? error : (ssize_t)bytes;
}

static ssize_t guest_read(struct file *file, char __user *to, size_t bytes, loff_t *offset)
{
	struct guest_device *device = device_of(file);
	u32 __user *counts = (u32 __user *)to;
	u32 index;

	for (index = 0; index < device->vectors && index < bytes / sizeof(*counts); index++)
		if (put_user(READ_ONCE(device->vector[index].count), counts + index))
			return -EFAULT;
	return index * sizeof(*counts);
}

/* One program opens each device once: there is nothing to lock. */
static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.read = guest_read,
	.write = guest_write,
};

static int guest_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	struct guest_device *device = devm_kzalloc(&pci->dev, sizeof(*device), GFP_KERNEL);
	int error;

	if (!device)
		return -ENOMEM;
	error = pcim_enable_device(pci);
	if (error)
		return error;
	device->pci = pci;
	device->registers = pcim_iomap(pci, 0, 0);
	if (!device->registers)
		return -ENOMEM;
	pci_set_master(pci);
	pci_intx(pci, 0);
	device->misc.minor = MISC_DYNAMIC_MINOR;
	device->misc.name = devm_kasprintf(&pci->dev, GFP_KERNEL, "qpatch-%s", pci_name(pci));
	device->misc.fops = &operations;
	return device->misc.name ? misc_register(&device->misc) : -ENOMEM;
}

static const struct pci_device_id identities[] = {
	{ PCI_DEVICE(0x1234, 0x7170) },
	{}
};

static struct pci_driver driver = {
	.name = "qpatch",
	.id_table = identities,
	.probe = guest_probe,
	.driver.suppress_bind_attrs = true,	/* for ever: there is no way to remove it */
};

static int __init guest_start(void)
{
	return pci_register_driver(&driver);
}
module_init(guest_start);

MODULE_DESCRIPTION("Interrupts of qpatch's emulated device");
MODULE_LICENSE("GPL");
