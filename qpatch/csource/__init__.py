# SPDX-License-Identifier: GPL-2.0-or-later
"""Structural edits of C sources and of the text files beside them; knows no git and no YAML."""
