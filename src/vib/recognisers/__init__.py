"""Tell whose face it is: on this machine, or by Amazon Rekognition. One of them is configured."""
