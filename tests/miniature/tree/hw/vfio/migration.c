#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "migration.h"

static int vfio_state_is_valid(int state)
{
    return state >= 0 && state < VFIO_STATES;
}

int vfio_set_state(VFIODevice *vbasedev, int new_state)
{
    if (!vfio_state_is_valid(new_state)) {
        error_report("no such state");
        return -1;
    }
    vbasedev->device_state = new_state;
    return 0;
}

int vfio_save_config(VFIODevice *vbasedev)
{
    return vfio_set_state(vbasedev, VFIO_STATE_STOPPED);
}
