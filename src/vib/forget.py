"""What is removed for good: videos, contacts, users.

Workflows are stopped first, files and what a recogniser knows go next, the rows last: after a crash
the rows still say what is left to be removed, and the same call removes it. What an activity that
was running writes in spite of that belongs to nobody, and `sync` removes it; what a recogniser has
learned by it is forgotten when the rows are gone.
"""

from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from vib import executions, keys
from vib.contacts.questions import stop_asking
from vib.contacts.settle import choose_picture
from vib.db.models import Asset, AssetType, Contact, Feature, Media, MediaType, Upload, User
from vib.facebook.names import media_id as friends_picture
from vib.facebook.names import workflow_id as friends_workflow
from vib.facebook.removal import remove_friends
from vib.services import Services


def forget_media(context: Services, media_id: UUID) -> None:
    """Remove a video with its files and faces. Contacts stay, with another picture if they have."""
    executions.stop(context.swf, media_id, "the video is removed")
    stop_asking(context, media_id)
    with context.sessions() as session:
        user_id = session.scalar(select(Media.user_id).filter_by(id=media_id))
        rows = session.execute(
            select(Feature.asset_id, Feature.contact_id)
            .join(Asset, Asset.id == Feature.asset_id)
            .where(Asset.media_id == media_id)
        ).all()
    if user_id is None:
        return
    context.recogniser.forget(user_id, [row.asset_id for row in rows])
    context.storage.delete_folder(str(media_id))
    with context.sessions.begin() as session:
        session.execute(delete(Media).filter_by(id=media_id))
        for contact_id in {row.contact_id for row in rows if row.contact_id is not None}:
            choose_picture(session, contact_id)
    context.recogniser.forget(user_id, [row.asset_id for row in rows])


def remove_made(context: Services, session: Session, media_id: UUID) -> None:
    """Remove what was made from a video, files and rows; the original stays."""
    for key in list(context.storage.keys(str(media_id))):
        if key != keys.original(media_id):
            context.storage.delete(key)
    session.execute(
        delete(Asset).where(Asset.media_id == media_id, Asset.asset_type != AssetType.ORIGINAL)
    )


def forget_contact(context: Services, contact_id: UUID) -> None:
    """Remove a contact, the pictures of their face and what they look like."""
    with context.sessions() as session:
        user_id = session.scalar(select(Contact.user_id).filter_by(id=contact_id))
        faces = session.execute(
            select(Asset.id, Asset.key)
            .join(Feature, Feature.asset_id == Asset.id)
            .where(Feature.contact_id == contact_id)
        ).all()
    if user_id is None:
        return
    context.recogniser.forget(user_id, [face.id for face in faces])
    for face in faces:
        context.storage.delete(face.key)
    with context.sessions.begin() as session:
        # First, for it waits for a picture of them that is being written, which goes then as well.
        session.execute(delete(Contact).filter_by(id=contact_id))
        shown = select(Asset.media_id).where(Asset.id.in_([face.id for face in faces]))
        is_theirs = or_(Media.id.in_(shown), Media.id == friends_picture(contact_id))
        session.execute(delete(Media).where(Media.media_type == MediaType.FB_FACE, is_theirs))
        session.execute(delete(Asset).where(Asset.id.in_([face.id for face in faces])))
    context.recogniser.forget(user_id, [face.id for face in faces])


def forget_user(context: Services, user_id: UUID) -> None:
    """Remove a user with all that is theirs."""
    executions.stop(context.swf, friends_workflow(user_id), "the user is removed")
    remove_friends(context, user_id)
    with context.sessions() as session:
        videos = session.scalars(select(Media.id).filter_by(user_id=user_id)).all()
        uploads = session.scalars(select(Upload.id).filter_by(user_id=user_id)).all()
    for media_id in videos:
        forget_media(context, media_id)
    for upload_id in uploads:
        context.storage.delete_folder(keys.upload(upload_id))
    context.recogniser.forget_user(user_id)
    with context.sessions.begin() as session:
        session.execute(delete(User).filter_by(id=user_id))
    context.recogniser.forget_user(user_id)
