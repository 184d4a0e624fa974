/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where kernels from 6.1 on differ.  QPATCH_LINUX is 6012 for Linux 6.12 (Kbuild). */
#ifndef QPATCH_COMPAT_H
#define QPATCH_COMPAT_H

#include <linux/eventfd.h>
#include <linux/iova_bitmap.h>
#include <linux/vfio.h>

/* 6.2: pre-copy, and the size of the data, before which the module serves them itself. */
#define QPATCH_CORE_HAS_PRE_COPY	(QPATCH_LINUX >= 6002)
/* 6.6: cdevs. */
#define QPATCH_CORE_HAS_CDEVS		(QPATCH_LINUX >= 6006)
/* 6.19: the core copies the description of a region. */
#define QPATCH_CORE_HAS_REGION_INFO	(QPATCH_LINUX >= 6019)
/* 7.2: the core notes who knows of new data in pre-copy. */
#define QPATCH_CORE_HAS_PRECOPY_INFO_V2	(QPATCH_LINUX >= 7002)

/* In 6.1 part of vfio.ko, later of iommufd, without which nothing can be reported. */
#define QPATCH_CORE_HAS_LOGGING		(QPATCH_LINUX < 6006 || IS_ENABLED(CONFIG_IOMMUFD_DRIVER))

static inline void qpatch_eventfd_signal(struct eventfd_ctx *eventfd)
{
#if QPATCH_LINUX >= 6008
	eventfd_signal(eventfd);
#else
	eventfd_signal(eventfd, 1);
#endif
}

#endif
