"""What calls may cost: the worst case of each, and the budget they are made from."""
