#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/vfio/pci.h"
#include "migration.h"

static VFIODevice device = { "vfio-pci", VFIO_STATE_RUNNING };

int vfio_pci_stop(void)
{
    irq_set(1, 0);
    return vfio_save_config(&device);
}
