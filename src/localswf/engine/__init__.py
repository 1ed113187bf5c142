"""What keeps executions going: who is registered, who waits for which task, what is due."""
