"""Semantic hunks: reading them, compiling them into patterns, matching, and turning a match into replacements."""
