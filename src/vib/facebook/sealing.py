from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from vib.errors import VibError

LIFETIME = timedelta(days=1)
"""How long a sealed token counts; a link that was not begun by then has to be asked for again."""


class TokenSeal:
    """Seals access tokens, so that the database can hold them for as long as they are needed.

    A workflow's input stays in its history, and payloads in their store, for weeks; a column of a
    row is emptied when the token was used.
    """

    def __init__(self, keys: str) -> None:
        """Take keys as `Fernet.generate_key` makes them, with commas between them.

        The first seals, all open. To change it, put a new one before it; the old one goes a day
        later.

        Raises:
            VibError: one is no key.
        """
        try:
            self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
        except ValueError:
            raise VibError(
                "VIB_FACEBOOK_KEYS is wrong: each key is 32 bytes in URL-safe Base64."
            ) from None  # the cause might show the key

    def seal(self, token: str) -> str:
        """The token as nobody can read it without the key."""
        return self._fernet.encrypt(token.encode()).decode()

    def open(self, sealed: str) -> str:
        """The token that was sealed.

        Raises:
            VibError: it was sealed with another key, or more than a day ago.
        """
        try:
            seconds = round(LIFETIME.total_seconds())
            return self._fernet.decrypt(sealed.encode(), seconds).decode()
        except InvalidToken:
            raise VibError(
                "The access token was sealed with another key, or more than a day ago."
            ) from None
