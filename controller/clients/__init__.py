"""Transport, limits and vendors' errors: one client per kind of remote, shared by all that speak to it."""
