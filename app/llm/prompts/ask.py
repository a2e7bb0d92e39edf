"""The fixed words of `ask`."""

ID = "ask/1"

# Small models fall into loops at temperature 0; a tenth off what the last 64 tokens hold stops most of them.
REPEAT_PENALTY_MILLI = 1_100

SYSTEM = "You are a helpful assistant. Give a direct, correct and brief answer. If you do not know, say so."

# The material stands before the words that ask about it: what a small model has read last, it does.
MATERIAL = "{material}\n\n{prompt}"
TAG = "material"


def fixed() -> dict[str, str]:
    """Return all fixed words by name: what their hash in a report covers."""
    return {"id": ID, "material": MATERIAL, "system": SYSTEM, "tag": TAG}
