"""The commands of `vib`, a module for those that belong together."""
