from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

import swflow
from vib.errors import VibError
from vib.notify import WebApplication
from vib.recognisers.recogniser import Recogniser
from vib.settings import Settings, load, variable
from vib.storage.folder import FolderStorage
from vib.storage.interface import Storage
from vib.storage.s3 import S3Storage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

    from vib.facebook.graph import GraphApi
    from vib.facebook.pictures import Pictures
    from vib.facebook.sealing import TokenSeal
    from vib.mturk.client import MechanicalTurk

SECONDS_TO_CONNECT = 10
"""What the database may take to answer a new connection; a host that is gone never does."""


class Services:
    """Everything outside the process that the pipeline talks to, built in one place.

    Each is built when it is first asked for, and contacted when it is first used. What a setting is
    missing for raises a VibError that names it, so that a process needs only those of what it uses.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def engine(self) -> Engine:
        """The database."""
        url = self.settings.needed("database_url").get_secret_value()
        wrong = VibError(
            f"{variable('database_url')} is no URL of a PostgreSQL database, such as "
            "postgresql+psycopg2://USER:PASSWORD@HOST/NAME; what is special in the password is "
            "percent-encoded."
        )
        # pre_ping: a database that was restarted costs a new connection, not a failed activity.
        try:
            engine = create_engine(
                url, pool_pre_ping=True, connect_args={"connect_timeout": SECONDS_TO_CONNECT}
            )
        except (ArgumentError, ImportError, ValueError):  # the last of what is no port
            raise wrong from None
        if "@" in (engine.url.host or ""):  # a password's rest, which every error would show
            raise wrong
        return engine

    @cached_property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions of the database."""
        return sessionmaker(self.engine)

    @cached_property
    def storage(self) -> Storage:
        """Where files are kept."""
        settings = self.settings
        if settings.storage_folder is not None:
            return FolderStorage(settings.storage_folder)
        if settings.storage_bucket is not None:
            return S3Storage(
                settings.storage_bucket,
                self.scratch_folder,
                endpoint_url=settings.storage_endpoint_url,
                region=settings.storage_region,
            )
        either = " or ".join(variable(name) for name in ("storage_folder", "storage_bucket"))
        raise VibError(f"{either} is missing, which says where files are kept.")

    @property
    def scratch_folder(self) -> Path:
        """The folder for work in progress."""
        folder: Path = self.settings.needed("scratch_folder")
        return folder

    @cached_property
    def recogniser(self) -> Recogniser:
        """Who tells faces apart."""
        if self.settings.recogniser == "rekognition":
            from vib.recognisers.rekognition import RekognitionRecogniser

            return RekognitionRecogniser(
                self.storage,
                self.settings.rekognition_prefix,
                endpoint_url=self.settings.rekognition_endpoint_url,
                region=self.settings.rekognition_region,
            )
        from vib.recognisers.embedded import EmbeddedRecogniser

        return EmbeddedRecogniser()

    @property
    def asks_people(self) -> bool:
        """Whether people are asked what the machine is not sure of."""
        return self.settings.ask_people != "off"

    @cached_property
    def mturk(self) -> "MechanicalTurk | None":
        """Amazon Mechanical Turk, if that is where people are asked."""
        where = self.settings.ask_people
        if where in {"off", "by_hand"}:
            return None
        from vib.mturk import client

        self.settings.needed("storage_bucket")  # strangers see no pictures in a folder
        amazons = client.PRODUCTION if where == "production" else client.SANDBOX
        return client.MechanicalTurk(
            self.storage,
            self.settings.swf_domain,
            self.settings.mturk_reward,
            endpoint_url=self.settings.mturk_endpoint_url or amazons,
        )

    @property
    def needed_mturk(self) -> "MechanicalTurk":
        """The same, for what makes no sense without it."""
        if self.mturk is None:
            name = variable("ask_people")
            raise VibError(f"{name} is neither sandbox nor production: nobody is asked there.")
        return self.mturk

    @cached_property
    def swf(self) -> swflow.Client:
        """The domain of Amazon SWF."""
        return swflow.Client(
            self.settings.swf_domain,
            endpoint_url=self.settings.swf_endpoint_url,
            region=self.settings.swf_region,
        )

    @cached_property
    def web(self) -> WebApplication:
        """The web application."""
        secret = self.settings.needed("notify_secret").get_secret_value()
        return WebApplication(str(self.settings.needed("notify_url")), secret)

    @cached_property
    def graph(self) -> "GraphApi":
        """Facebook's Graph API."""
        from vib.facebook.graph import GraphApi

        settings = self.settings
        return GraphApi(settings.facebook_graph_url, settings.facebook_graph_version)

    @cached_property
    def pictures(self) -> "Pictures":
        """Where pictures of friends are fetched."""
        from vib.facebook.pictures import Pictures

        settings = self.settings
        return Pictures(settings.facebook_graph_url, settings.facebook_picture_hosts)

    @cached_property
    def token_seal(self) -> "TokenSeal":
        """What seals access tokens on their way through the database."""
        from vib.facebook.sealing import TokenSeal

        return TokenSeal(self.settings.needed("facebook_keys").get_secret_value())

    @cached_property
    def sqs(self) -> "SQSClient":
        """Amazon SQS."""
        import boto3
        from botocore.exceptions import NoRegionError

        session = boto3.Session(region_name=self.settings.sqs_region)
        try:
            return session.client("sqs", endpoint_url=self.settings.sqs_endpoint_url)
        except NoRegionError as error:
            name = variable("sqs_region")
            raise VibError(f"{name} is missing, which is the region of Amazon SQS.") from error

    @property
    def upload_secret(self) -> str:
        """The key of the tokens that let people upload."""
        secret: str = self.settings.needed("upload_secret").get_secret_value()
        return secret


@cache
def services() -> Services:
    """This process's services, from its environment; activities call it, tests pass their own."""
    return Services(load())
