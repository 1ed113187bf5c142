"""Durable workflows in plain Python on Amazon SWF."""
