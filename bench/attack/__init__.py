"""The campaign against ourselves: docs/attacks.md says what each part does, and what it found."""
