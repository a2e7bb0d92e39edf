"""Public labels of addresses, from packaged lists and from a user's own."""
