# SPDX-License-Identifier: GPL-2.0-or-later
"""Source trees: releases, providers, git."""
