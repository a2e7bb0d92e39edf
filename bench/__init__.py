"""One file per claim in the README; each prints ratios against a named peer in the same run."""
