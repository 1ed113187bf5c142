"""Boxes come back, logs catch up, databases are closed and opened again."""

from .cluster import BOXES, POPEYES, Cluster, engine, is_up, on, play, run, wait_until


def test_every_box_comes_back_by_itself(cluster: Cluster) -> None:
    video = cluster.upload()

    engine("restart", *(f"vib-{host}" for host in BOXES))

    wait_until(lambda: all(is_up(host) for host in BOXES))
    other = cluster.upload(POPEYES[1])
    cluster.wait_for(video, other)
    cluster.check_complete(video, other)


def test_log_lines_that_loggly_could_not_take_arrive_afterwards(cluster: Cluster) -> None:
    on("outside1", "systemctl stop loggly")
    video = cluster.upload()
    cluster.wait_for(video)
    assert cluster.lines_at_loggly(video) == []

    on("outside1", "systemctl start loggly")

    wait_until(
        lambda: (
            {"Upload", "Transcode", "FaceDetect", "NotifyComplete"}
            <= {line.get("step") for _, line in cluster.lines_at_loggly(video)}
        )
    )


def test_disabled_databases_refuse_connections_until_they_are_enabled_again() -> None:
    for name in ("video_dev", "video_dev_1"):
        on("utility1", f'runuser -u postgres -- psql --command "CREATE DATABASE {name}"')

    play("databases", "--tags", "disabled_databases")

    assert (answers("video_dev"), answers("video_dev_1"), answers("video")) == (False, False, True)
    dumps = on("utility1", "ls /var/backups/postgresql").split()
    assert {"video_dev.pgc", "video_dev_1.pgc"} <= set(dumps)

    switch = '{"vib_disabled_databases": [], "vib_enabled_databases": ["video_dev", "video_dev_1"]}'
    play("databases", "--tags", "disabled_databases", "--extra-vars", switch)

    assert answers("video_dev")
    assert answers("video_dev_1")
    for name in ("video_dev", "video_dev_1"):
        on("utility1", f'runuser -u postgres -- psql --command "DROP DATABASE {name}"')


def answers(database: str) -> bool:
    """Whether a database takes connections."""
    query = f'runuser -u postgres -- psql --dbname {database} --command "SELECT 1"'
    return "(1 row)" in on("utility1", query, ok=False)


def test_fab_speaks_with_every_box() -> None:
    status = fab("status")
    fab("restart")
    logs = fab("tail-logs", "--once", "--lines", "1")

    for host in BOXES:
        assert f"{host} " in status
    assert "vib:popeye-0" in status
    assert "vib:faces-0" in status
    for host in ("popeye1", "popeye2", "worker1", "worker2"):
        lines = [line for line in logs.splitlines() if line.startswith(host)]
        assert any("{" in line for line in lines)
        assert is_up(host)


def fab(*words: str) -> str:
    """What fab says."""
    return run("fab", *words, "--env", "molecule").stdout
