"""The one way out of the enclave: one HTTP client and one JSON-RPC client, to hosts that are allowed by name."""
