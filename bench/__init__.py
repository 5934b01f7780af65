"""Measurements side by side with peers; `python -m bench` runs all of them."""
