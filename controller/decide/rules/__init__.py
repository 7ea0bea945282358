"""One safety check per file. Each exports RULE; all are asked, and every veto is reported, so order never matters."""
