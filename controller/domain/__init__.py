"""The nouns and the one state machine. Standard library only; no I/O, no clock, no randomness."""
