"""What a user would run instead: each peer pinned, in an environment of its own, asked through its own interface."""
