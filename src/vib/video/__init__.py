"""Makes of a video what people watch; a library without database or SWF."""
