"""Repave: decides from telemetry which instances have rotted, and replaces them safely."""
