"""What developers and operators do with histories and executions."""
