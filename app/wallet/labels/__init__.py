"""What is publicly known of addresses, from packaged lists and from a user's own."""
