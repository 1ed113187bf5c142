"""What tests of several packages start, kill and look at."""
