"""What the gateway remembers, in SQLite files in its home."""
