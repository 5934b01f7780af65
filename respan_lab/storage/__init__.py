"""SQLite files: how they are opened, read and written, each on a thread of its own."""
