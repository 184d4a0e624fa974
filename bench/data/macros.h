// SPDX-License-Identifier: GPL-2.0-or-later
/* What spatch must know of GLib to parse hw/vfio; QEMU's own scripts/cocci-macro-file.h lacks it. */
#define g_autoptr(t) t *
#define g_autofree
