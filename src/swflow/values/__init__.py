"""What travels: values as JSON, their store, their encryption, failures as data."""
