"""What is SQLite's own of a journal: its file, its settings, its schema, and what its errors mean."""
