"""What comes back: rows, records, scores, replays."""
