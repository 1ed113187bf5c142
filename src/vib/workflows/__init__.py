"""What happens in which order. Workflows only coordinate; activities do the work."""
