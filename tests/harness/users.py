from uuid import UUID

from vib.db.models import User
from vib.services import Services


def add_user(context: Services, email: str = "a@example.org") -> UUID:
    """A new user's id."""
    with context.sessions.begin() as session:
        user = User(email=email)
        session.add(user)
        session.flush()
        return user.id
