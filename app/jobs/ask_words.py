"""The fixed words of `ask`."""

from app.request import material

ID = "ask/2"

# Small models fall into loops at temperature 0; a tenth off what the last 64 tokens hold stops most of them.
REPEAT_PENALTY_MILLI = 1_100

# "If you do not know, say so" made a small model refuse stories, and answer a translation with the same words.
SYSTEM = "You are a helpful assistant. Give a direct, correct and brief answer."

# The material stands before the words that ask about it: what a small model has read last, it does.
TAG = material.TAG
MATERIAL = "{material}\n\n{prompt}"
