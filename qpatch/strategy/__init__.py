# SPDX-License-Identifier: GPL-2.0-or-later
"""Strategy files: schema, loading, Jinja environment."""
