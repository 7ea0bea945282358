"""What runs fleets, one module or package each. Each exports one `PLATFORM`; the application finds them by itself."""
