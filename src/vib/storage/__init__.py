"""Files under keys: in Amazon S3, or in a folder of one machine."""
