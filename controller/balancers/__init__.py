"""What sends traffic to instances, one kind per file."""
