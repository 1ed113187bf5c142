"""Amazon Mechanical Turk: strangers are shown faces and asked what the machine is not sure of."""
