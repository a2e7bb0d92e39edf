"""The answer of each job."""
