"""How it is going: lines of the log, numbers, spans."""
