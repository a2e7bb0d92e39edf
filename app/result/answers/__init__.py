"""What each job answers."""
