"""Finds the faces of a video, follows and judges them, and tells whose they are."""

import os

# onnxruntime tells its makers what it runs, unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
