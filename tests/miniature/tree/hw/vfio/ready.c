#include "qemu/osdep.h"
#include "migration.h"

/* In no build until meson.build lists it. */
int vfio_is_ready(const VFIODevice *vbasedev);

int vfio_is_ready(const VFIODevice *vbasedev)
{
    return vbasedev->device_state == VFIO_STATE_RUNNING;
}
