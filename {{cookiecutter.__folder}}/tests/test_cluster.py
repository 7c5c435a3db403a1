{% if cookiecutter.__dask -%}
import os
import socket
import subprocess
import sys

import pytest
from distributed import LocalCluster

from {{ cookiecutter.package_name }} import __main__, cluster


@pytest.fixture
def workers(monkeypatch, project):
    """Start a scheduler and two workers, each in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(project / "src"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as started:
        monkeypatch.setenv(cluster.VARIABLE, started.scheduler_address)
        yield started


@pytest.mark.filterwarnings("default")
def test_a_cluster_gives_the_same_numbers(workers, monkeypatch, penguins, tmp_path):
    def run(out):
        assert __main__.main([f"--data={penguins}", f"--out={out}", "--resamples=8"]) == 0
        return (out / "metrics.json").read_bytes()

    on_cluster = run(tmp_path / "cluster")
    monkeypatch.delenv(cluster.VARIABLE)

    assert on_cluster == run(tmp_path / "here")


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [("numpy", "has another environment than this, 1 differences (numpy: "), ("the code", "code")],
)
def test_workers_that_differ_are_refused(workers, monkeypatch, name, sentence):
    same = cluster.environment()
    monkeypatch.setattr(cluster, "environment", lambda: {**same, name: "0"})
    with pytest.raises(cluster.ClusterError) as caught:
        cluster.compare(_Remote(same), workers.scheduler_address)

    assert sentence in str(caught.value)


class _Remote:
    """A client whose scheduler and worker have the environment *same*."""

    def __init__(self, same):
        self.run_on_scheduler = lambda function: same
        self.run = lambda function: {"tcp://worker": same}


def test_workers_without_the_code_are_refused(tmp_path, penguins):
    """A cluster as others left it: started elsewhere, without this project."""
    script = (
        "import sys; from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=1, dashboard_address=None) as c:\n"
        "        print(c.scheduler_address, flush=True); sys.stdin.read()\n"
    )
    (tmp_path / "start.py").write_text(script, "utf-8")
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [sys.executable, "start.py"],
        cwd=tmp_path,
        env=bare,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as other:
        address = other.stdout.readline().strip()
        done = _run(address, penguins, tmp_path)
        other.stdin.close()

    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot run this project" in done.stderr


def test_an_address_that_does_not_answer_is_told(tmp_path, penguins):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # listens, and never says a word
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        done = _run(address, penguins, tmp_path)

    assert (done.returncode, done.stdout) == (3, "")
    assert f"no scheduler answers at DASK_SCHEDULER_ADDRESS={address}" in done.stderr
    assert "Traceback" not in done.stderr


def _run(address, penguins, out):
    command = [sys.executable, "-m", "{{ cookiecutter.package_name }}"]
    source = str(penguins.parents[2] / "src")
    return subprocess.run(
        [*command, f"--data={penguins}", f"--out={out}", "--resamples=4"],
        check=False,
        env={**os.environ, cluster.VARIABLE: address, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=120,
    )
{%- else -%}
import sys

from {{ cookiecutter.package_name }} import __main__, cluster


def test_a_cluster_needs_dask(monkeypatch, penguins, tmp_path, capsys):
    monkeypatch.setenv(cluster.VARIABLE, "tcp://127.0.0.1:8786")
    monkeypatch.setitem(sys.modules, "dask", None)

    assert __main__.main([f"--data={penguins}", f"--out={tmp_path}"]) == 3
    assert "add 'dask' to environment.yml" in capsys.readouterr().err
{%- endif %}
