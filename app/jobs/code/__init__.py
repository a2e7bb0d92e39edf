"""code: generate, adjust, test in the sandbox, repair."""
