#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The first process of the lab's virtual machine. The kernel prints to the first serial port, and nothing else does but
# lines that go through /dev/kmsg; what the work prints goes to the second one. Whatever happens, the machine is
# switched off: no shell waits for anybody.
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t debugfs none /sys/kernel/debug
/bin/busybox --install -s /bin
export PATH=/bin
say() { echo "<2>qpatch: $*" >/dev/kmsg; }

cd /modules
while read -r module; do
    insmod $module 2>/tmp/said && say "loaded $module" || say "not loaded: $(cat /tmp/said)" # its parameters follow it
done <order
cd /
# All that it prints has left the port when it is closed.
{ stty raw; sh /work; } </dev/ttyS1 >/dev/ttyS1 2>&1
say done
poweroff -f
