"""Reads what a run left, and says what happened: timeline, figures, verdict, picture."""
