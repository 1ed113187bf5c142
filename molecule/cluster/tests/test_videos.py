"""Videos go through, and no box is missed."""

from .cluster import POPEYES, WORKERS, Cluster, engine, is_up, kill, wait_until


def test_videos_become_rows_files_calls_and_log_lines(cluster: Cluster) -> None:
    videos = [cluster.upload(popeye) for popeye in POPEYES]

    cluster.wait_for(*videos)

    cluster.check_complete(*videos)
    for video in videos:
        wait_until(
            lambda video=video: (
                {"Upload", "Transcode", "FaceDetect", "NotifyComplete"}  # type: ignore[misc]
                <= {line.get("step") for _, line in cluster.lines_at_loggly(video)}
            )
        )


def test_faces_are_found_on_both_worker_boxes_at_once(cluster: Cluster) -> None:
    videos = [cluster.upload(POPEYES[number % 2]) for number in range(4)]

    cluster.wait_for(*videos)

    cluster.check_complete(*videos)
    found = [step for video in videos for step in cluster.steps(video, "FaceDetect")]
    assert {host for host, *_ in found} == set(WORKERS)
    assert any(
        begin < other_end and other_begin < end
        for host, begin, end in found
        for other, other_begin, other_end in found
        if host != other
    )


def test_when_a_worker_box_dies_in_the_middle_of_videos_the_other_completes_them(
    cluster: Cluster,
) -> None:
    videos = [cluster.upload() for _ in range(3)]
    wait_until(lambda: sum(cluster.is_in("Transcode", video) for video in videos) > 1)

    kill("worker1")
    cluster.wait_for(*videos)
    cluster.check_complete(*videos)
    assert any(cluster.timeouts(video) for video in videos)

    engine("start", "vib-worker1")
    wait_until(lambda: is_up("worker1"))
