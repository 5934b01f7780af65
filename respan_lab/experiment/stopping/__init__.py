"""Stop paying when you know: a race of targets, and when it is over."""
