"""What turns an uploaded file into things to watch."""

from vib.popeye.probe import VideoInfo, probe
from vib.popeye.transcode import DEFAULT_RENDITIONS, Made, Rendition, transcode

__all__ = ["DEFAULT_RENDITIONS", "Made", "Rendition", "VideoInfo", "probe", "transcode"]
