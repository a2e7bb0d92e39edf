"""sealed-llm: a one-shot iExec task that runs a small language model and signs what it says."""

__version__ = "0.1.0"
