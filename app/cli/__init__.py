"""The command line. Each command only reads options, calls a room, and prints: data on stdout, the rest on stderr."""
