"""The verifier of results: reading the file, the checks, the chain, the replay, and the messages for the person."""
