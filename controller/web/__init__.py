"""What the daemon says over HTTP: whether it is alive, whether it is ready, and its metrics."""
