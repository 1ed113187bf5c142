import pytest

from harness.graph import TOKEN, USER, VERSION, Graph, Reply, error, served
from vib.facebook.graph import Friend, GraphApi, GraphRefusal, GraphUnavailable


def friends_of(graph: Graph, token: str = TOKEN) -> list[Friend]:
    pages = GraphApi(graph.url, VERSION).friends(USER, token)
    return [friend for page in pages for friend in page]


def test_friends_come_page_by_page_with_where_their_pictures_are(graph: Graph) -> None:
    for number in range(1, 8):
        graph.add(number, f"Friend {number}", b"picture" if number != 3 else None)

    found = friends_of(graph)

    assert [friend.facebook_id for friend in found] == list("1234567")
    assert found[0].name == "Friend 1"
    assert found[0].picture_uri == f"{graph.url}/pictures/1?signature=abc"
    assert found[2].picture_uri is None  # a silhouette
    assert len(graph.calls) == 3


def test_the_version_that_is_set_is_asked_and_no_address_has_the_token_in_it(graph: Graph) -> None:
    for number in range(1, 8):
        graph.add(number, f"Friend {number}")

    friends_of(graph)

    assert all(call.startswith(f"/{VERSION}/4711") for call in graph.calls)
    assert not any(TOKEN in call or "access_token" in call for call in graph.calls)


def test_who_has_no_friends_has_none(graph: Graph) -> None:
    assert friends_of(graph) == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (error(400, 190, f"Session of {TOKEN} has expired", error_subcode=463), "access token"),
        (error(400, 102), "access token"),
        (error(403, 10), "does not allow"),
        (error(400, 200), "does not allow"),
        (error(400, 100), "refuses"),
        (Reply(404, b"not even JSON"), "refuses"),
        (Reply(302, b"", {"Location": "http://example.org/"}), "refuses"),
    ],
)
def test_what_trying_again_would_not_mend_is_a_refusal(
    graph: Graph, answer: Reply, sentence: str
) -> None:
    graph.answers.append(answer)

    with pytest.raises(GraphRefusal, match=sentence) as refused:
        friends_of(graph)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        error(400, 4),
        error(400, 17),
        error(403, 613),
        error(400, 80_001),
        error(500, 1),
        error(400, 100, is_transient=True),
        Reply(429, b""),
        Reply(502, b"<html>Bad Gateway</html>"),
        Reply(200, b"<html>We will be back soon</html>"),
        Reply(200, b'{"id": "4711", "friends": {"data": [{"name": "no id"}]}}'),
    ],
)
def test_throttling_and_trouble_may_pass(graph: Graph, answer: Reply) -> None:
    graph.answers.append(answer)

    with pytest.raises(GraphUnavailable):
        friends_of(graph)


def test_trouble_in_the_middle_is_no_end_of_the_list(graph: Graph) -> None:
    for number in range(1, 8):
        graph.add(number, f"Friend {number}")
    graph.answers.extend((None, error(500, 2)))

    with pytest.raises(GraphUnavailable):
        friends_of(graph)


def test_another_token_is_refused_and_nobody_reads_it_in_the_error(graph: Graph) -> None:
    with pytest.raises(GraphRefusal, match="code 190, subcode 463") as refused:
        friends_of(graph, "EAAB-another")
    assert "EAAB-another" not in str(refused.value)


def test_without_the_permission_to_see_friends_there_is_a_reason_and_no_empty_list(
    graph: Graph,
) -> None:
    graph.friends = None

    with pytest.raises(GraphRefusal, match="user_friends"):
        friends_of(graph)


def test_the_token_follows_no_page_to_another_host(graph: Graph) -> None:
    with served(Graph()) as elsewhere:
        said = f'{{"friends": {{"data": [], "paging": {{"next": "{elsewhere.url}/x"}}}}}}'
        graph.answers.append(Reply(200, said.encode()))

        with pytest.raises(GraphRefusal, match="another address"):
            friends_of(graph)
    assert elsewhere.calls == []


def test_a_list_without_an_end_ends(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vib.facebook.graph._MOST_PAGES", 5)
    again = f'{{"data": [], "paging": {{"next": "{graph.url}/again"}}}}'
    graph.answers.append(Reply(200, f'{{"friends": {again}}}'.encode()))
    graph.answers.extend(Reply(200, again.encode()) for _ in range(10))

    with pytest.raises(GraphRefusal, match="no end"):
        friends_of(graph)


def test_more_friends_than_anybody_has_are_not_taken(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vib.facebook.graph.MOST_FRIENDS", 4)
    for number in range(1, 8):
        graph.add(number, f"Friend {number}")

    with pytest.raises(GraphRefusal, match="more than 4"):
        friends_of(graph)


def test_a_page_without_an_end_is_not_read_to_it(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vib.facebook.graph._MOST_BYTES", 1_000)
    graph.answers.append(Reply(200, b" " * 100_000))

    with pytest.raises(GraphRefusal, match="more than 1,000 bytes"):
        friends_of(graph)


def test_a_facebook_that_is_away_may_come_back() -> None:
    with pytest.raises(GraphUnavailable, match=r"127\.0\.0\.1:9 does not answer") as away:
        list(GraphApi("http://127.0.0.1:9", VERSION).friends(USER, TOKEN))
    assert TOKEN not in str(away.value)
