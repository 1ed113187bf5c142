"""Takes videos in and makes of them what people watch."""
