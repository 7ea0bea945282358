"""What is PostgreSQL's own of a journal: its connection, its writer's lock, its schema, and what its errors mean."""
