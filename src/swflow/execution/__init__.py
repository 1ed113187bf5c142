"""One execution of a workflow: its history, its event loop, what its code asked for."""
