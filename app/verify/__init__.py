"""A verifier of results: the file, the steps, the chain, the replay, and what the person is told."""
