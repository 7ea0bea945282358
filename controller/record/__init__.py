"""Projects the journal outward: traces, metrics, logs. Nothing in here decides, and nothing in here is remembered."""
