"""SWF's operations: what a request means, and what it is answered."""
