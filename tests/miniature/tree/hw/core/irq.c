#include "qemu/osdep.h"
#include "hw/irq.h"

static int levels[8];

void irq_set(int number, int level)
{
    levels[number % 8] = level;
}

int irq_level(int number)
{
    return levels[number % 8];
}
