from uuid import UUID, uuid4

from vib.db.models import User
from vib.services import Services


def add_user(context: Services, email: str | None = None) -> UUID:
    """A new user's id; the e-mail address is made up if it does not matter."""
    with context.sessions.begin() as session:
        user = User(email=email or f"{uuid4()}@example.org")
        session.add(user)
        session.flush()
        return user.id
