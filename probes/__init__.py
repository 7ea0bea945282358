"""One telemetry source per file. Each exports one `PROBE`; the application finds the files by itself."""
