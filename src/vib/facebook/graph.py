"""Asks Facebook's Graph API for a user's friends."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, Field, ValidationError

from vib.errors import VibError
from vib.facebook.download import TooLong, Unreachable, get

T = TypeVar("T", bound=BaseModel)

MOST_FRIENDS = 10_000
"""Twice as many as Facebook allows."""

_PICTURE = "picture.width(720).height(720){url,is_silhouette}"
_FRIENDS = f"friends.limit(100){{id,name,{_PICTURE}}}"
_MOST_BYTES = 4_000_000  # of a page
_MOST_PAGES = 2_000

# https://developers.facebook.com/docs/graph-api/guides/error-handling
_PASSING = {1, 2, 4, 17, 32, 341, 368, 613}
_THROTTLED = range(80_000, 80_015)
_TOKEN = {102, 190}
_PERMISSION = {3, 10, *range(200, 300)}


class GraphUnavailable(Exception):  # noqa: N818 - named for what is wrong
    """Facebook has trouble, or is asked too often; trying again may help."""


class GraphRefusal(VibError):  # noqa: N818 - named for what is wrong
    """Facebook does not tell, and trying again with the same token would not help."""


@dataclass(frozen=True)
class Friend:
    """Somebody who is a friend of the user; `picture_uri` is None where they have no picture."""

    facebook_id: str
    name: str
    picture_uri: str | None


class GraphApi:
    """The Graph API in one version.

    The token goes into a header, and what Facebook says of an error is not passed on: some of its
    sentences, and the addresses of its pages, have the token in them.
    """

    def __init__(self, url: str, version: str) -> None:
        """Take where it is, such as `https://graph.facebook.com`, and the version, as `v24.0`."""
        self._url = url.rstrip("/")
        self._version = version

    def friends(self, facebook_id: str, token: str) -> Iterator[list[Friend]]:
        """The friends of a user, page by page.

        Raises:
            GraphUnavailable: Facebook does not answer, not now, or not with what it should.
            GraphRefusal: the token is not good for it, or not any more.
        """
        fields = urlencode({"fields": f"id,name,{_FRIENDS}"})
        answer = self._get(f"{self._url}/{self._version}/{quote(facebook_id)}?{fields}", token)
        page = _read(_Me, answer).friends
        if page is None:
            raise GraphRefusal(
                "Facebook does not show the friends: the permission user_friends is missing."
            )
        seen = 0
        for _ in range(_MOST_PAGES):
            seen += len(page.data)
            if seen > MOST_FRIENDS:
                raise GraphRefusal(f"Facebook names more than {MOST_FRIENDS:,} friends.")
            yield [person.friend for person in page.data]
            if page.paging is None or page.paging.next is None:
                return
            page = _read(_Page, self._get(self._here(page.paging.next), token))
        raise GraphRefusal("Facebook's list of friends has no end.")

    def _here(self, address: str) -> str:
        """The address of a further page, without the token that Facebook puts into it.

        Raises:
            GraphRefusal: it is elsewhere, where the token must not go.
        """
        parts, here = urlsplit(address), urlsplit(self._url)
        if (parts.scheme, parts.netloc) != (here.scheme, here.netloc):
            raise GraphRefusal("Facebook's list of friends goes on at another address.")
        query = [pair for pair in parse_qsl(parts.query) if pair[0] != "access_token"]
        return urlunsplit(parts._replace(query=urlencode(query), fragment=""))

    def _get(self, address: str, token: str) -> bytes:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        try:
            answer = get(address, _MOST_BYTES, headers)
        except Unreachable as error:
            raise GraphUnavailable(str(error)) from None
        except TooLong as error:
            raise GraphRefusal(str(error)) from None
        if answer.status == 200:  # noqa: PLR2004
            return answer.body
        raise _error(answer.status, answer.body)


class _Problem(BaseModel):
    code: int = 0
    error_subcode: int = 0
    is_transient: bool = False


class _Problems(BaseModel):
    error: _Problem = _Problem()


class _PictureData(BaseModel):
    url: str
    is_silhouette: bool = False


class _Picture(BaseModel):
    data: _PictureData


class _Person(BaseModel):
    id: str = Field(pattern=r"^[0-9]{1,64}$")
    name: str = Field(max_length=1_000)
    picture: _Picture | None = None

    @property
    def friend(self) -> Friend:
        shown = self.picture.data if self.picture else None
        uri = shown.url if shown and not shown.is_silhouette else None
        # A character that PostgreSQL has no place for, and no name has.
        return Friend(self.id, self.name.replace("\0", ""), uri)


class _Paging(BaseModel):
    next: str | None = None


class _Page(BaseModel):
    data: list[_Person]
    paging: _Paging | None = None


class _Me(BaseModel):
    friends: _Page | None = None


def _read(model: type[T], body: bytes) -> T:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise GraphUnavailable(f"Facebook's answer is not understood, at {where!r}.") from None


def _error(status: int, body: bytes) -> Exception:
    """What an answer that is no success means, by its code; its words are left out."""
    try:
        problem = _Problems.model_validate_json(body).error
    except ValidationError:
        problem = _Problem()
    said = f"status {status}, code {problem.code}, subcode {problem.error_subcode}"
    if problem.code in _TOKEN:
        return GraphRefusal(f"Facebook does not accept the access token (any more): {said}.")
    if problem.code in _PERMISSION:
        return GraphRefusal(f"The access token does not allow asking for friends: {said}.")
    if (
        status == 429 or status >= 500  # noqa: PLR2004
        or problem.is_transient or problem.code in _PASSING or problem.code in _THROTTLED
    ):  # fmt: skip
        return GraphUnavailable(f"Facebook has trouble, or is asked too often: {said}.")
    return GraphRefusal(f"Facebook refuses to name the friends: {said}.")
