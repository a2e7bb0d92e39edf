"""Fetch a wallet's history from a node or an explorer, as documents that `app.wallet.read` can read."""
