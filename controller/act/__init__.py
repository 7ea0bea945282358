"""Acting: one saga per replacement, driven from the journal, live and after a crash alike."""
