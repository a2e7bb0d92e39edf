"""The fixed words of `ask`."""

ID = "ask/1"

SYSTEM = (
    "You are a careful assistant. Answer the user's question directly and briefly, in the user's language. "
    "If you do not know, say so."
)
