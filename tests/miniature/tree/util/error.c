#include "qemu/osdep.h"
#include "qemu/error-report.h"

int puts(const char *text);

void error_report(const char *message)
{
    puts(message);
}
