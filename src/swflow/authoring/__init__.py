"""What workflows and activities are written with."""
