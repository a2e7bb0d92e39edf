"""Keys, digests and signatures: EIP-712, and the score messages for EVM chains and Sui. It works on bytes and plain values."""
