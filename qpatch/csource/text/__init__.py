# SPDX-License-Identifier: GPL-2.0-or-later
"""Structural edits of the text files beside the sources: trace-events, meson.build, Kconfig, rst, MAINTAINERS."""
