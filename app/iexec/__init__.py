"""The only room that knows IEXEC_*: the inputs that a worker hands over, and the outputs that it takes back."""
