"""The log: what is kept of a request, and how it is read."""
