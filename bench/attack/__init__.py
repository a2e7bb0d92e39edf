"""The campaign against ourselves: docs/explanation/attacks.md says what each part does, and what it found."""
