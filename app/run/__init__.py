"""The run of one task, from the worker's environment to a signed result in IEXEC_OUT."""
