"""Makes contacts of a user's friends at Facebook, and takes that back."""
