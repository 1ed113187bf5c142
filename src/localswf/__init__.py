"""Amazon SWF on one machine: durable, and wire compatible."""
