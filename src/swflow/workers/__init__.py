"""The process that runs activities."""
