"""The history of a wallet, its features and its scorecard. This room does not know any model."""
