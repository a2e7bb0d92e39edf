"""The language model: catalogue, native library, chat template, engine. This room does not know any job."""
