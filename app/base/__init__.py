"""What every room may use, and what uses no other room: errors and hints, limits, the deadline, names to choose from."""
