"""What every store decides by, told once: pure functions of what was read. A store reads, asks here, and writes."""
