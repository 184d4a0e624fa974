# SPDX-License-Identifier: GPL-2.0-or-later
"""Benchmarks, and measurements of the tests: one command each, with JSON on stdout."""
