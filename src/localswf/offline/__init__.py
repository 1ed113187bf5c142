"""What is done with a data file that no server has open."""
