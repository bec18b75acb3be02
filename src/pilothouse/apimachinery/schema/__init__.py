"""The compiled type schema: one structure that every mechanism reads, for built-in and custom kinds alike."""
