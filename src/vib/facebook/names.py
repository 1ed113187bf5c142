from uuid import UUID, uuid5

PROVIDER = "facebook"
"""What contacts and links call Facebook."""


def contact_id(user_id: UUID, facebook_id: str) -> UUID:
    """The id of the contact that is made of a user's friend; a later link finds the same."""
    return uuid5(user_id, f"{PROVIDER}-{facebook_id}")


def media_id(contact_id: UUID) -> UUID:
    """The id of the friend's picture, which is media of type fb_face."""
    return uuid5(contact_id, "fb_face")


def workflow_id(user_id: UUID) -> str:
    """A user has one workflow about their friends at a time, whether it links or unlinks."""
    return f"{PROVIDER}-{user_id}"


def tag(name: str, facebook_id: str) -> str:
    """Name_With_Underscores-FBID: what follows the last dash is the friend's id."""
    return f"{'_'.join(name.split())}-{facebook_id}"
