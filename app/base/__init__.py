"""The ground floor, which every room may use: errors and hints, limits, the deadline, near names. It imports no other room."""
