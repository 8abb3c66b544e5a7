"""Pages that read many requests at once: their fields, their schema, two compared."""
