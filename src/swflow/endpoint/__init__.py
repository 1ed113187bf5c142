"""The way to Amazon SWF: calls, polls, patience with both."""
