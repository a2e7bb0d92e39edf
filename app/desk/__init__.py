"""What the rooms at the desk share: the person's own files, and what is printed. The image does not ship these rooms."""
