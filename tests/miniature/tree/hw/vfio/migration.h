#ifndef HW_VFIO_MIGRATION_H
#define HW_VFIO_MIGRATION_H

#define VFIO_STATE_RUNNING 0
#define VFIO_STATE_STOPPED 1
#define VFIO_STATES 2

typedef struct VFIODevice {
    const char *name;
    int device_state;
} VFIODevice;

int vfio_set_state(VFIODevice *vbasedev, int new_state);
int vfio_save_config(VFIODevice *vbasedev);

#endif
