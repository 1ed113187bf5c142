"""The steps of the workflows, one module each. SWF may run any of them twice."""
