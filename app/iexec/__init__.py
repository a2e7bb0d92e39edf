"""The only room that knows IEXEC_*: what a worker hands over and what it takes back."""
