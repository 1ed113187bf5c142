import os
from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from vib.errors import VibError

PREFIX = "VIB_"


class Settings(BaseSettings):
    """What differs between machines and environments, read from `VIB_...` environment variables.

    A setting may also be the content of a file, as secrets often are: `VIB_SECRETS_DIR` names the
    folder, and the file's name is the variable's in lower case.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: SecretStr = Field(description="SQLAlchemy URL of the PostgreSQL database")
    storage_folder: Path = Field(description="folder that holds originals and what is made of them")
    scratch_folder: Path = Field(description="folder for work in progress; may be emptied any time")
    swf_domain: str = "vib"
    swf_endpoint_url: str | None = Field(None, description="an SWF endpoint other than Amazon's")
    swf_region: str | None = None
    notify_url: HttpUrl = Field(description="where the web application hears of finished videos")
    notify_secret: SecretStr = Field(description="key of the signature on those calls")
    log_level: str = "INFO"


def load() -> Settings:
    """This process's settings.

    Raises:
        VibError: some are missing or wrong; the sentence names each.
    """
    try:
        return Settings(_secrets_dir=os.environ.get("VIB_SECRETS_DIR"))
    except ValidationError as error:
        problems = (
            f"{PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        )
        raise VibError(f"Settings are missing or wrong: {'; '.join(problems)}.") from None
