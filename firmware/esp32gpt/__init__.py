"""esp32gpt: a complete GPT that learns names from scratch, on the chip itself."""

__version__ = "0.1.0"
