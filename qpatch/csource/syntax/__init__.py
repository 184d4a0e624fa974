# SPDX-License-Identifier: GPL-2.0-or-later
"""C sources as syntax trees: macros made parsable, symbols outlined, positions kept byte for byte."""
