"""Is it right? What was found, why, and how to mend it."""
