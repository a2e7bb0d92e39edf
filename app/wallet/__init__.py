"""Wallet history, features and scorecard. Knows nothing of models."""
