#ifndef HW_VFIO_PCI_H
#define HW_VFIO_PCI_H

int vfio_pci_stop(void);

#endif
