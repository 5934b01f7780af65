"""What a run will cost: from past runs, a pilot, or bounds."""
