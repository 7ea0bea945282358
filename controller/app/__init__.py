"""The composition root: finds the plug-ins, builds everything from a configuration, and runs it."""
