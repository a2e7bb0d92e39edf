"""The job code: generate code, adjust it, test it in the sandbox, and repair it."""
