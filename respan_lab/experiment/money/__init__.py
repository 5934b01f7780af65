"""What a run may cost: the worst case of a call, and the budget."""
