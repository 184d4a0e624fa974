# SPDX-License-Identifier: GPL-2.0-or-later
"""Benchmarks: one command each, with JSON on stdout."""
