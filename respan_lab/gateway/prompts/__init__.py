"""Saved prompts: put into requests, and kept over REST."""
