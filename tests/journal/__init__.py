"""The journal, against every store that can keep it."""
