"""The response cache: what a request is known by, and how its answer is given again."""
