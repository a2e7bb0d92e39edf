"""From what the sources of a task hold to one request: which job, and what exactly is asked."""
