"""What one machine needs in place of the fleet and of people's uploads."""
