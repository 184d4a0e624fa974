"""Source trees: releases, providers, git."""
