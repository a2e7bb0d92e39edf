"""The three jobs: a request in, an answer out."""
