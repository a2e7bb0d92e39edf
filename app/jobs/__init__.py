"""The three jobs: each takes a request and returns an answer."""
