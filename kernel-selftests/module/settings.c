// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Profiles, in the words of the preload lab's devices.conf: key=value, separated
 * by blanks, ends of lines or semicolons.  The module's parameter `profile` is
 * for devices that are made later; a device's attribute of that name makes it a
 * new one, of these settings and no others, while nobody has it open.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "qpatch.h"

static struct qpatch_settings standard;
static DEFINE_MUTEX(standard_lock);

/* One `key=value`. */
static int set(struct emu_profile *profile, char *entry)
{
	char reason[EMU_ERROR_SIZE] = "";
	char *value = strchr(entry, '=');

	if (!value) {
		pr_err("qpatch: profile: %s: not key=value\n", entry);
		return -EINVAL;
	}
	*value++ = '\0';
	if (!emu_profile_set(profile, entry, value, reason))
		return 0;
	pr_err("qpatch: profile: %s: %s\n", entry, reason);
	return -EINVAL;
}

/* `text` is cut into pieces. */
static int parse(struct emu_profile *profile, char *text)
{
	char *entry;
	int error;

	emu_profile_defaults(profile);
	profile->protocol = EMU_PROTOCOL_BOTH;
	while ((entry = strsep(&text, " \t\n;"))) {
		error = *entry ? set(profile, entry) : 0;
		if (error)
			return error;
	}
	if (emu_profile_is_sound(profile))
		return 0;
	pr_err("qpatch: profile: its values do not fit together\n");
	return -EINVAL;
}

static int read_settings(struct qpatch_settings *settings, const char *text)
{
	char *copy;
	int error;

	if (strlen(text) >= sizeof(settings->text))
		return -ENOSPC;
	copy = kstrdup(text, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	error = parse(&settings->profile, copy);
	kfree(copy);
	strscpy(settings->text, text, sizeof(settings->text));
	strim(settings->text);
	return error;
}

static int set_standard(const char *text, const struct kernel_param *param)
{
	struct qpatch_settings *settings = kzalloc(sizeof(*settings), GFP_KERNEL);
	int error;

	if (!settings)
		return -ENOMEM;
	error = read_settings(settings, text);
	if (!error) {
		mutex_lock(&standard_lock);
		standard = *settings;
		mutex_unlock(&standard_lock);
	}
	kfree(settings);
	return error;
}

static int get_standard(char *buffer, const struct kernel_param *param)
{
	int length;

	mutex_lock(&standard_lock);
	length = sysfs_emit(buffer, "%s\n", standard.text);
	mutex_unlock(&standard_lock);
	return length;
}

static const struct kernel_param_ops standard_operations = {
	.set = set_standard,
	.get = get_standard,
};

module_param_cb(profile, &standard_operations, NULL, 0644);
MODULE_PARM_DESC(profile, "key=value ... of devices that are made from now on");

void qpatch_settings_default(struct qpatch_settings *settings)
{
	char nothing[] = "";

	mutex_lock(&standard_lock);
	*settings = standard;
	mutex_unlock(&standard_lock);
	if (!settings->text[0])
		parse(&settings->profile, nothing);
}

void qpatch_settings_apply(struct qpatch_device *device)
{
	const struct emu_profile *profile = &device->settings.profile;
	struct vfio_device *vdev = &device->vdev;
	bool v2 = profile->protocol & EMU_PROTOCOL_V2;

	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY;
	if (profile->p2p)
		vdev->migration_flags |= VFIO_MIGRATION_P2P;
	if (profile->pre_copy)
		vdev->migration_flags |= VFIO_MIGRATION_PRE_COPY;
	if (profile->config_first)
		vdev->migration_flags |= VFIO_MIGRATION_CONFIG_FIRST;
	vdev->mig_ops = v2 ? &qpatch_migration_ops : NULL;
	vdev->log_ops = NULL;
	if (v2 && profile->dma_logging && QPATCH_CORE_HAS_LOGGING)
		vdev->log_ops = &qpatch_log_ops;
}

static ssize_t profile_show(struct device *dev, struct device_attribute *attribute, char *buffer)
{
	struct qpatch_device *device = dev_get_drvdata(dev);
	int length;

	mutex_lock(&device->lock);
	length = sysfs_emit(buffer, "%s\n", device->settings.text);
	mutex_unlock(&device->lock);
	return length;
}

static int replace(struct qpatch_device *device, const struct qpatch_settings *settings)
{
	int error = 0;

	mutex_lock(&device->lock);
	if (device->model) {
		error = -EBUSY;
	} else {
		device->settings = *settings;
		device->left_in = 0;
		qpatch_settings_apply(device);
	}
	mutex_unlock(&device->lock);
	return error;
}

static ssize_t profile_store(struct device *dev, struct device_attribute *attribute,
			     const char *text, size_t bytes)
{
	struct qpatch_settings *settings = kzalloc(sizeof(*settings), GFP_KERNEL);
	int error;

	if (!settings)
		return -ENOMEM;
	error = read_settings(settings, text);
	if (!error)
		error = replace(dev_get_drvdata(dev), settings);
	kfree(settings);
	return error ?: bytes;
}

static DEVICE_ATTR_RW(profile);

static struct attribute *attributes[] = {
	&dev_attr_profile.attr,
	NULL,
};

static const struct attribute_group group = {
	.name = "qpatch",
	.attrs = attributes,
};

const struct attribute_group *qpatch_groups[] = {
	&group,
	NULL,
};
