import os
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, HttpUrl, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from vib.errors import VibError

PREFIX = "VIB_"


class Settings(BaseSettings):
    """What differs between machines and environments, read from `VIB_...` environment variables.

    A setting may also be the content of a file, as secrets often are: `VIB_SECRETS_DIR` names the
    folder, and the file's name is the variable's in lower case. An empty variable is none.

    What is None by default is asked for by the processes that need it, and by no other.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_url: SecretStr | None = Field(
        None, min_length=1, description="the SQLAlchemy URL of the PostgreSQL database"
    )
    storage_folder: Path | None = Field(
        None, description="folder that holds originals and what is made of them"
    )
    storage_bucket: str | None = Field(None, description="bucket of Amazon S3 in its place")
    storage_endpoint_url: str | None = Field(None, description="an S3 endpoint but Amazon's")
    storage_region: str | None = None
    renditions: tuple[Literal["720p", "480p", "360p", "240p"], ...] = Field(
        ("720p", "480p"), min_length=1, description="JSON list of what is made of a video"
    )
    scratch_folder: Path | None = Field(None, description="the folder for work in progress")
    swf_domain: str = "vib"
    swf_endpoint_url: str | None = Field(None, description="an SWF endpoint other than Amazon's")
    swf_region: str | None = None
    recogniser: Literal["embedded", "rekognition"] = Field(
        "embedded", description="who tells faces apart: this machine, or Amazon Rekognition"
    )
    rekognition_prefix: str = Field(
        "vib", description="begins the names of Amazon Rekognition's collections, one a user"
    )
    rekognition_endpoint_url: str | None = Field(
        None, description="a Rekognition endpoint other than Amazon's"
    )
    rekognition_region: str | None = None
    notify_url: HttpUrl | None = Field(
        None, description="where the web application hears of finished videos"
    )
    notify_secret: SecretStr | None = Field(
        None, min_length=1, description="the key that signs what the web application hears"
    )
    ask_people: Literal["off", "by_hand", "sandbox", "production"] = Field(
        "off",
        description="who says what the machine is not sure of: nobody, so that it decides; whoever "
        "gives `vib answer`; workers of Amazon Mechanical Turk's sandbox; paid ones",
    )
    mturk_reward: Decimal = Field(
        Decimal("0.05"), ge=0, decimal_places=2, description="US dollars for a worker's answer"
    )
    mturk_assignments: int = Field(
        2, ge=1, le=8, description="workers who answer a question; if they disagree, one more"
    )
    mturk_endpoint_url: str | None = Field(
        None, description="a Mechanical Turk endpoint other than Amazon's"
    )
    upload_secret: SecretStr | None = Field(
        None, min_length=32, description="the key of the tokens that let people upload"
    )
    upload_max_bytes: int = Field(32 << 30, description="the largest file that is taken")
    upload_origins: tuple[str, ...] = Field(
        (), description="JSON list of the web pages' origins that may upload, or of '*'"
    )
    process_folder: Path | None = Field(
        None, description="folder of files that Popeye may be told to process"
    )
    facebook_graph_url: str = Field(
        "https://graph.facebook.com", description="where Facebook's Graph API is"
    )
    facebook_graph_version: str = Field(
        "v24.0", pattern=r"^v\d+\.\d+$", description="which version of the Graph API is asked"
    )
    facebook_picture_hosts: tuple[str, ...] = Field(
        ("fbcdn.net", "fbsbx.com"), description="JSON list of the domains of friends' pictures"
    )
    facebook_keys: SecretStr | None = Field(
        None, min_length=44, description="the keys that seal access tokens, with commas between"
    )
    facebook_queue_url: str | None = Field(
        None, description="the queue of requests to link and unlink users"
    )
    facebook_dead_letter_queue_url: str | None = Field(
        None, description="the queue of those requests that cannot be carried out"
    )
    sqs_endpoint_url: str | None = Field(None, description="an SQS endpoint other than Amazon's")
    sqs_region: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _one_storage(self) -> Self:
        if self.storage_folder is not None and self.storage_bucket is not None:
            raise ValueError("give either a folder or a bucket")
        return self

    def needed(self, name: str) -> Any:
        """A setting that this process cannot do without.

        Raises:
            VibError: it is not set.
        """
        value = getattr(self, name)
        if value is None:
            what = type(self).model_fields[name].description
            raise VibError(f"{variable(name)} is missing, which is {what}.")
        return value


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name}".upper()


def load() -> Settings:
    """This process's settings.

    Raises:
        VibError: some are wrong; the sentence names each.
    """
    try:
        return Settings(_secrets_dir=os.environ.get("VIB_SECRETS_DIR"))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        said = "; ".join(f"{_variables(problem['loc'])}: {problem['msg']}" for problem in problems)
        raise VibError(f"Settings are wrong: {said}.") from None
    except SettingsError as error:  # no JSON where there has to be, no folder of secrets
        raise VibError(f"Settings are wrong: {error}.") from None


def _variables(loc: tuple[int | str, ...]) -> str:
    """Which variables a problem is about; what is wrong with none by itself is the storage's."""
    names = loc[:1] or ("storage_folder", "storage_bucket")
    return ", ".join(variable(str(name)) for name in names)
