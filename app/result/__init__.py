"""What a result says and how it is signed: the report, its answers, the envelope, the signatures of scores."""
