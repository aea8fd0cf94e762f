"""Which regularization helps a neural network on a table: pure functions, nothing here writes a file."""
