"""From edits to commits, mails and checks."""
