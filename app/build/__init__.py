"""What makes a checkout complete: models, the sandbox's guest, and a look at what is missing. The image does not ship it."""
