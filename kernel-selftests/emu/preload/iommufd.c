// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/iommu: I/O address spaces, page tables (with dirty tracking) and the
 * devices bound to them, all known to QEMU by numbers.  Only what QEMU's VFIO
 * code asks for: no nesting, no faults, mappings at addresses of QEMU's choice.
 */
#define _GNU_SOURCE
#include "iommufd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "descriptors.h"
#include "device-dma.h"
#include "devices.h"
#include "dma.h"
#include "log.h"
#include "uapi.h"

#define TRACKER     "hwpt"
#define MAX_OBJECTS 64

enum object_kind { OBJECT_NONE, OBJECT_DEVICE, OBJECT_SPACE, OBJECT_TABLE };

struct object {
	enum object_kind kind;
	struct emulated_device *device;
	struct address_space space;
	/* A page table. */
	struct dma_domain domain;
	bool can_track;
	bool automatic; /* made by an attachment to an address space: goes with it */
};

/* Everything under dma_lock(). An object's number is its place, plus one. */
struct iommufd {
	int users; /* the descriptor and bound devices */
	struct object objects[MAX_OBJECTS];
};

static struct object *find_object(struct iommufd *iommufd, uint32_t id, enum object_kind kind)
{
	if (!id || id > MAX_OBJECTS || iommufd->objects[id - 1].kind != kind)
		return NULL;
	return &iommufd->objects[id - 1];
}

static struct object *new_object(struct iommufd *iommufd, enum object_kind kind, uint32_t *id)
{
	uint32_t i;

	for (i = 0; i < MAX_OBJECTS; i++) {
		if (iommufd->objects[i].kind != OBJECT_NONE)
			continue;
		iommufd->objects[i] = (struct object){ .kind = kind };
		*id = i + 1;
		return &iommufd->objects[i];
	}
	return NULL;
}

static void free_object(struct object *object)
{
	domain_clear(&object->domain);
	space_clear(&object->space);
	*object = (struct object){ 0 };
}

static bool table_in_use(const struct object *table)
{
	struct emulated_device *device;

	for (device = device_list(); device; device = device->next)
		if (device->domain == &table->domain)
			return true;
	return false;
}

static bool space_in_use(const struct iommufd *iommufd, const struct object *space)
{
	size_t i;

	for (i = 0; i < MAX_OBJECTS; i++)
		if (iommufd->objects[i].kind == OBJECT_TABLE &&
		    iommufd->objects[i].domain.space == &space->space)
			return true;
	return false;
}

static int destroy(struct iommufd *iommufd, const struct iommufd_destroy *command)
{
	struct object *space = find_object(iommufd, command->id, OBJECT_SPACE);
	struct object *table = find_object(iommufd, command->id, OBJECT_TABLE);

	if (!space && !table)
		return -ENOENT;
	if (space ? space_in_use(iommufd, space) : table_in_use(table))
		return -EBUSY;
	free_object(space ? space : table);
	return 0;
}

static int ioas_alloc(struct iommufd *iommufd, struct iommufd_ioas_alloc *command)
{
	return new_object(iommufd, OBJECT_SPACE, &command->out_ioas_id) ? 0 : -ENOMEM;
}

static int iova_ranges(struct iommufd *iommufd, struct iommufd_iova_ranges *command)
{
	struct iommufd_iova_range *ranges = (void *)(uintptr_t)command->allowed_iovas;
	bool room = command->num_iovas >= 1;

	if (!find_object(iommufd, command->ioas_id, OBJECT_SPACE))
		return -ENOENT;
	command->num_iovas = 1;
	command->out_iova_alignment = DIRTY_PAGE_SIZE;
	if (!room)
		return -EMSGSIZE;
	ranges[0] = (struct iommufd_iova_range){ 0, DMA_LAST_IOVA };
	return 0;
}

static int ioas_map(struct iommufd *iommufd, const struct iommufd_map *command, char *memory,
		    bool owned)
{
	struct object *space = find_object(iommufd, command->ioas_id, OBJECT_SPACE);
	struct mapping mapping = { command->iova, command->length, memory,
				   command->flags & IOMMUFD_MAP_READABLE,
				   command->flags & IOMMUFD_MAP_WRITEABLE, owned };

	if (!space)
		return -ENOENT;
	if (!(command->flags & IOMMUFD_MAP_FIXED_IOVA))
		return -EOPNOTSUPP;
	return space_map(&space->space, &mapping);
}

static int ioas_map_file(struct iommufd *iommufd, const struct iommufd_map *command)
{
	char *memory = mmap(NULL, command->length, PROT_READ | PROT_WRITE, MAP_SHARED, command->fd,
			    (off_t)command->start);
	int error;

	if (memory == MAP_FAILED)
		return -errno;
	error = ioas_map(iommufd, command, memory, true);
	if (error)
		munmap(memory, command->length);
	return error;
}

static int ioas_unmap(struct iommufd *iommufd, struct iommufd_unmap *command)
{
	struct object *space = find_object(iommufd, command->ioas_id, OBJECT_SPACE);
	bool all = !command->iova && command->length == UINT64_MAX;
	uint64_t unmapped;
	int error;

	if (!space)
		return -ENOENT;
	if (!command->length || command->iova + command->length - 1 < command->iova)
		return -EINVAL;
	error = space_unmap(&space->space, command->iova, command->iova + command->length - 1,
			    &unmapped);
	if (error)
		return error;
	command->length = unmapped;
	return unmapped || all ? 0 : -ENOENT;
}

static int hwpt_alloc(struct iommufd *iommufd, struct iommufd_hwpt_alloc *command)
{
	struct object *space = find_object(iommufd, command->pt_id, OBJECT_SPACE);
	struct object *table;

	if (!space || !find_object(iommufd, command->dev_id, OBJECT_DEVICE))
		return -ENOENT;
	if (command->flags & ~IOMMUFD_HWPT_DIRTY_TRACKING || command->data_type)
		return -EOPNOTSUPP;
	table = new_object(iommufd, OBJECT_TABLE, &command->out_hwpt_id);
	if (!table)
		return -ENOMEM;
	table->domain.space = &space->space;
	table->can_track = command->flags & IOMMUFD_HWPT_DIRTY_TRACKING;
	return 0;
}

static int get_hw_info(struct iommufd *iommufd, struct iommufd_hw_info *command)
{
	if (!find_object(iommufd, command->dev_id, OBJECT_DEVICE))
		return -ENOENT;
	if (command->data_len)
		memset((void *)(uintptr_t)command->data_uptr, 0, command->data_len);
	command->data_len = 0;
	command->out_data_type = 0;
	command->reserved = 0;
	command->out_capabilities = IOMMUFD_HW_DIRTY_TRACKING;
	return 0;
}

static int set_dirty_tracking(struct iommufd *iommufd,
			      const struct iommufd_set_dirty_tracking *command)
{
	struct object *table = find_object(iommufd, command->hwpt_id, OBJECT_TABLE);

	if (!table)
		return -ENOENT;
	if (!table->can_track || command->flags & ~IOMMUFD_TRACKING_ENABLE)
		return -EOPNOTSUPP;
	domain_track(&table->domain, TRACKER, command->flags & IOMMUFD_TRACKING_ENABLE);
	return 0;
}

static int get_dirty_bitmap(struct iommufd *iommufd, const struct iommufd_get_dirty_bitmap *command)
{
	struct object *table = find_object(iommufd, command->hwpt_id, OBJECT_TABLE);

	if (!table)
		return -ENOENT;
	if (command->flags & ~IOMMUFD_BITMAP_NO_CLEAR)
		return -EOPNOTSUPP;
	return domain_report(&table->domain, TRACKER, command->iova, command->length,
			     command->page_size, (uint64_t *)(uintptr_t)command->data,
			     command->flags & IOMMUFD_BITMAP_NO_CLEAR);
}

static void before_report(struct iommufd *iommufd, const struct iommufd_get_dirty_bitmap *command)
{
	struct object *table;

	dma_lock();
	table = find_object(iommufd, command->hwpt_id, OBJECT_TABLE);
	dma_unlock();
	if (table)
		device_dma_before_report(&table->domain);
}

static long serve(struct iommufd *iommufd, unsigned int request, void *argument)
{
	switch (request) {
	case IOMMUFD_DESTROY:
		return destroy(iommufd, argument);
	case IOMMUFD_IOAS_ALLOC:
		return ioas_alloc(iommufd, argument);
	case IOMMUFD_IOAS_IOVA_RANGES:
		return iova_ranges(iommufd, argument);
	case IOMMUFD_IOAS_MAP:
		return ioas_map(iommufd, argument,
				(char *)(uintptr_t)((struct iommufd_map *)argument)->start, false);
	case IOMMUFD_IOAS_MAP_FILE:
		return ioas_map_file(iommufd, argument);
	case IOMMUFD_IOAS_UNMAP:
		return ioas_unmap(iommufd, argument);
	case IOMMUFD_HWPT_ALLOC:
		return hwpt_alloc(iommufd, argument);
	case IOMMUFD_GET_HW_INFO:
		return get_hw_info(iommufd, argument);
	case IOMMUFD_SET_DIRTY_TRACKING:
		return set_dirty_tracking(iommufd, argument);
	case IOMMUFD_GET_DIRTY_BITMAP:
		return get_dirty_bitmap(iommufd, argument);
	case IOMMUFD_IOAS_CHANGE_PROCESS:
		/* The process is the same. QEMU 10.2 crashes on an error here. */
		return 0;
	default:
		return -ENOTTY;
	}
}

static long iommufd_ioctl(struct descriptor *descriptor, unsigned int request, void *argument)
{
	struct iommufd *iommufd = descriptor->object;
	long result;

	if (request == IOMMUFD_GET_DIRTY_BITMAP)
		before_report(iommufd, argument);
	dma_lock();
	result = serve(iommufd, request, argument);
	dma_unlock();
	if (result == -ENOTTY)
		log_unknown_ioctl("", request, descriptor->fd);
	return result;
}

static void put(struct iommufd *iommufd)
{
	bool last;
	size_t i;

	dma_lock();
	last = !--iommufd->users;
	for (i = 0; last && i < MAX_OBJECTS; i++)
		free_object(&iommufd->objects[i]);
	dma_unlock();
	if (last)
		free(iommufd);
}

static void iommufd_release(struct descriptor *descriptor)
{
	put(descriptor->object);
}

static const struct descriptor_operations iommufd_operations = {
	.what = "iommu",
	.ioctl = iommufd_ioctl,
	.release = iommufd_release,
};

int iommufd_open(void)
{
	struct iommufd *iommufd = calloc(1, sizeof(*iommufd));
	int fd;

	if (!iommufd)
		return -ENOMEM;
	iommufd->users = 1;
	fd = descriptor_create(&iommufd_operations, iommufd, "");
	if (fd < 0)
		free(iommufd);
	return fd;
}

struct iommufd *iommufd_bind(int fd, struct emulated_device *device, uint32_t *id)
{
	struct descriptor *descriptor = descriptor_get(fd);
	struct iommufd *iommufd = NULL;
	struct object *object = NULL;

	if (!descriptor)
		return NULL;
	if (descriptor->operations == &iommufd_operations) {
		iommufd = descriptor->object;
		dma_lock();
		object = new_object(iommufd, OBJECT_DEVICE, id);
		if (object) {
			object->device = device;
			iommufd->users++;
		}
		dma_unlock();
	}
	descriptor_put(descriptor);
	return object ? iommufd : NULL;
}

void iommufd_detach(struct iommufd *iommufd, struct emulated_device *device)
{
	size_t i;

	dma_lock();
	device->domain = NULL;
	for (i = 0; i < MAX_OBJECTS; i++)
		if (iommufd->objects[i].automatic && !table_in_use(&iommufd->objects[i]))
			free_object(&iommufd->objects[i]);
	dma_unlock();
}

void iommufd_unbind(struct iommufd *iommufd, struct emulated_device *device)
{
	size_t i;

	iommufd_detach(iommufd, device);
	dma_lock();
	for (i = 0; i < MAX_OBJECTS; i++)
		if (iommufd->objects[i].device == device)
			free_object(&iommufd->objects[i]);
	dma_unlock();
	put(iommufd);
}

int iommufd_attach(struct iommufd *iommufd, struct emulated_device *device, uint32_t *id)
{
	struct object *table, *space;
	int error = 0;

	dma_lock();
	table = find_object(iommufd, *id, OBJECT_TABLE);
	space = find_object(iommufd, *id, OBJECT_SPACE);
	if (space) {
		table = new_object(iommufd, OBJECT_TABLE, id);
		if (table) {
			table->domain.space = &space->space;
			table->automatic = true;
		}
	}
	if (table)
		device->domain = &table->domain;
	else
		error = space ? -ENOMEM : -ENOENT;
	dma_unlock();
	return error;
}
