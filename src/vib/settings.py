from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What differs between machines and environments, read from `VIB_...` environment variables.

    A secret may also be a file's content: `VIB_SECRETS_DIR` names the folder, the file's name is
    the variable's in lower case.
    """

    model_config = SettingsConfigDict(env_prefix="VIB_", frozen=True, extra="ignore")

    database_url: SecretStr = Field(description="SQLAlchemy URL of the PostgreSQL database")
    storage_folder: Path = Field(description="folder that holds originals and what is made of them")
    scratch_folder: Path = Field(description="folder for work in progress; may be emptied any time")
    swf_domain: str = "vib"
    swf_endpoint_url: str | None = Field(None, description="an SWF endpoint other than Amazon's")
    swf_region: str | None = None
    notify_url: HttpUrl = Field(description="where the web application hears of finished videos")
    notify_secret: SecretStr = Field(description="key of the signature on those calls")
    log_level: str = "INFO"
