"""The fixed words of `ask`."""

from app.request import material

ID = "ask/2"

# Small models fall into loops at temperature 0. Lowering the logits of the last 64 tokens by a tenth stops most loops.
REPEAT_PENALTY_MILLI = 1_100

# "If you do not know, say so" made a small model refuse stories, and give the same answer to a translation.
SYSTEM = "You are a helpful assistant. Give a direct, correct and brief answer."

# The material stands before the words that ask about it, because a small model follows what it has read last.
TAG = material.TAG
MATERIAL = "{material}\n\n{prompt}"
