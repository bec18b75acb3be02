import asyncio
import threading

from pilothouse.observability import profiles
from pilothouse.observability.metrics import Registry
from pilothouse.observability.process import install_feature_metrics, install_process_metrics


def test_task_dump_names_tasks_and_threads() -> None:
    async def run() -> str:
        started = asyncio.Event()

        async def waiting() -> None:
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(waiting(), name="the-waiting-one")
        await started.wait()
        try:
            return profiles.tasks_and_threads()
        finally:
            task.cancel()

    text = asyncio.run(run())
    assert "task the-waiting-one:" in text
    assert "thread MainThread" in text


def test_heap_lists_types() -> None:
    text = profiles.heap()
    assert "resident bytes: " in text
    assert " dict\n" in text


def test_sampler_folds_stacks() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="idler")
    thread.start()
    sampler = profiles.Sampler(interval=0.001)
    sampler.start()
    while "threading.py:Event.wait" not in sampler.folded():
        done.wait(0.001)
    sampler.stop()
    done.set()
    thread.join()


def test_process_metrics() -> None:
    registry = Registry()
    install_process_metrics({"major": "1", "minor": "36", "gitVersion": "v1.36.2"}, registry)
    text = registry.render().decode()
    assert 'git_version="v1.36.2",' in text
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"):
        assert f"# TYPE {name} " in text


def test_feature_metrics() -> None:
    registry = Registry()
    install_feature_metrics([("APIServerTracing", "", True), ("Odd", "ALPHA", False)], registry)
    text = registry.render().decode()
    assert 'kubernetes_feature_enabled{name="APIServerTracing",stage=""} 1\n' in text
    assert 'kubernetes_feature_enabled{name="Odd",stage="ALPHA"} 0\n' in text
