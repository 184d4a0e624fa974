#ifndef QEMU_OSDEP_H
#define QEMU_OSDEP_H

#include "config-host.h"

#define stringify_(x) #x
#define stringify(x) stringify_(x)

#endif
