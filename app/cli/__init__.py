"""The command line. Thin: a command reads options, calls a room, and prints. Data on stdout, the rest on stderr."""
