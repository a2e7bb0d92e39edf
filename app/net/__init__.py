"""The only way out of the enclave: one HTTP client and one JSON-RPC client, for hosts that are allowed by name."""
