#include "qemu/osdep.h"
#include "hw/vfio/pci.h"

int puts(const char *text);
int strcmp(const char *one, const char *other);

int main(int count, char **arguments)
{
    if (count > 1 && !strcmp(arguments[1], "--version")) {
        puts("QEMU emulator version " QEMU_VERSION);
        return 0;
    }
    if (count > 1 && !strcmp(arguments[1], "-M")) {
        puts("miniature machine of " stringify(TARGET_NAME));
        return 0;
    }
    if (count > 2 && !strcmp(arguments[1], "-device")) {
#ifdef CONFIG_VFIO_PCI
        puts("name \"vfio-pci\", bus PCI");
#endif
        return 0;
    }
    return vfio_pci_stop();
}
