"""The process that runs workflows' code: a history in, decisions out."""
