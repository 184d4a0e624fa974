"""Named predicates on the source of a tree."""
