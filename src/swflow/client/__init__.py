"""A domain, for programs that register types, start executions and look after them."""
