from dataclasses import dataclass
from functools import cache

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

import swflow
from vib.notify import WebApplication
from vib.recognisers.recogniser import Recogniser
from vib.settings import Settings, load
from vib.storage.folder import FolderStorage
from vib.storage.interface import Storage
from vib.storage.s3 import S3Storage


@dataclass(frozen=True)
class Services:
    """Everything outside the process that the pipeline talks to, built in one place."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    storage: Storage
    recogniser: Recogniser
    swf: swflow.Client
    web: WebApplication


def build(settings: Settings) -> Services:
    """Connect to what `settings` names. Nothing is contacted before it is used."""
    # pre_ping: a database that was restarted costs a new connection, not a failed activity.
    engine = create_engine(settings.database_url.get_secret_value(), pool_pre_ping=True)
    storage = _storage(settings)
    return Services(
        settings=settings,
        engine=engine,
        sessions=sessionmaker(engine),
        storage=storage,
        recogniser=_recogniser(settings, storage),
        swf=swflow.Client(
            settings.swf_domain,
            endpoint_url=settings.swf_endpoint_url,
            region=settings.swf_region,
        ),
        web=WebApplication(str(settings.notify_url), settings.notify_secret.get_secret_value()),
    )


def _storage(settings: Settings) -> Storage:
    if settings.storage_folder is not None:
        return FolderStorage(settings.storage_folder)
    assert settings.storage_bucket is not None  # noqa: S101 - settings see to it
    return S3Storage(
        settings.storage_bucket,
        settings.scratch_folder,
        endpoint_url=settings.storage_endpoint_url,
        region=settings.storage_region,
    )


def _recogniser(settings: Settings, storage: Storage) -> Recogniser:
    if settings.recogniser == "rekognition":
        from vib.recognisers.rekognition import RekognitionRecogniser

        return RekognitionRecogniser(
            storage,
            settings.rekognition_prefix,
            endpoint_url=settings.rekognition_endpoint_url,
            region=settings.rekognition_region,
        )
    from vib.recognisers.embedded import EmbeddedRecogniser

    return EmbeddedRecogniser()


@cache
def services() -> Services:
    """This process's services, from its environment; activities call it, tests pass their own."""
    return build(load())
