"""What the rooms of the desk share: files of the person's own, and what is printed. The image does not ship the desk."""
