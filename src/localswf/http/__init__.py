"""The service over HTTP, as the AWS SDKs talk to it."""
