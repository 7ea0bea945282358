"""What a person may ask and say. The command line calls these; so will the daemon's API."""
