"""The pure core: one workflow execution as a state machine. No I/O, no clock."""
