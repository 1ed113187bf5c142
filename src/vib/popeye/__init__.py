"""Takes videos in: uploads and files become rows, stored originals and workflows."""
