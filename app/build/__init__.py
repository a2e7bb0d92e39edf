"""Make a checkout complete: get models, build the sandbox's guest, name what is missing. The image does not ship this room."""
