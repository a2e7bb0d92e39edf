"""Turn the contents of a task's sources into one request: which job it is, and what exactly is asked."""
