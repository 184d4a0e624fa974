// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module: a parent device `qpatch` whose mdevs are emulated devices,
 *	/sys/class/mdev_bus/qpatch/mdev_supported_types/qpatch-device
 * and the list of them.
 */
#include <linux/device.h>
#include <linux/list.h>
#include <linux/module.h>

#include "qpatch.h"

#define NAME		"qpatch"
#define MAX_DEVICES	64

static LIST_HEAD(devices);
static DEFINE_MUTEX(devices_lock);

void qpatch_reset_others(struct qpatch_device *device)
{
	struct qpatch_device *other;

	mutex_lock(&devices_lock);
	list_for_each_entry(other, &devices, list) {
		if (other == device)
			continue;
		mutex_lock(&other->lock);
		if (other->model)
			emu_reset(other->model);
		mutex_unlock(&other->lock);
	}
	mutex_unlock(&devices_lock);
}

static int probe(struct mdev_device *mdev)
{
	struct qpatch_device *device = vfio_alloc_device(qpatch_device, vdev, &mdev->dev,
							 &qpatch_device_ops);
	int error;

	if (IS_ERR(device))
		return PTR_ERR(device);
	dev_set_drvdata(&mdev->dev, device);
	error = vfio_register_emulated_iommu_dev(&device->vdev);
	if (error) {
		vfio_put_device(&device->vdev);
		return error;
	}
	mutex_lock(&devices_lock);
	list_add_tail(&device->list, &devices);
	mutex_unlock(&devices_lock);
	return 0;
}

static void remove(struct mdev_device *mdev)
{
	struct qpatch_device *device = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&device->vdev);
	mutex_lock(&devices_lock);
	list_del(&device->list);
	mutex_unlock(&devices_lock);
	vfio_put_device(&device->vdev);
}

static struct mdev_driver driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = MAX_DEVICES,
	.driver = {
		.name = NAME,
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = qpatch_groups,
	},
	.probe = probe,
	.remove = remove,
};

static struct mdev_type type = {
	.sysfs_name = "device",
	.pretty_name = "emulated device of qpatch",
};

static struct mdev_type *types[] = { &type };
static struct mdev_parent parent;
static struct class parent_class = { .name = NAME };
static struct device *parent_device;

static int __init qpatch_init(void)
{
	int error = mdev_register_driver(&driver);

	if (error)
		return error;
	error = class_register(&parent_class);
	if (error)
		goto unregister_driver;
	parent_device = device_create(&parent_class, NULL, MKDEV(0, 0), NULL, NAME);
	error = PTR_ERR_OR_ZERO(parent_device);
	if (error)
		goto unregister_class;
	error = mdev_register_parent(&parent, parent_device, &driver, types, ARRAY_SIZE(types));
	if (!error)
		return 0;
	device_unregister(parent_device);
unregister_class:
	class_unregister(&parent_class);
unregister_driver:
	mdev_unregister_driver(&driver);
	return error;
}

static void __exit qpatch_exit(void)
{
	mdev_unregister_parent(&parent);
	device_unregister(parent_device);
	class_unregister(&parent_class);
	mdev_unregister_driver(&driver);
}

module_init(qpatch_init)
module_exit(qpatch_exit)

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VFIO device for tests of migration");
MODULE_AUTHOR("The qpatch project");
#if QPATCH_LINUX >= 6013
MODULE_IMPORT_NS("IOMMUFD");
#elif QPATCH_LINUX >= 6006
MODULE_IMPORT_NS(IOMMUFD);
#endif
