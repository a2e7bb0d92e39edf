"""One story a job, all of the same shape: engine and request in, answer and parameters out."""
