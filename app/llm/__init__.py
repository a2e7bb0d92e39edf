"""The language model: catalogue, native library, chat template, engine. Knows no task."""
