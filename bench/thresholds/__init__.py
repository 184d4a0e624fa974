# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures what the values in qpatch/thresholds.yaml rest on; see `bench.thresholds.__main__`."""
