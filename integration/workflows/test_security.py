"""The job ``check`` of the workflow ``ci``: zizmor looks at the workflows, as it is on PyPI."""

from __future__ import annotations

from integration.workflows.conftest import Hub

UNSAFE = """\
name: unsafe
on: pull_request_target
jobs:
  run:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ github.event.pull_request.title }}
"""


def test_the_project_as_generated_passes(hub: Hub) -> None:
    hub.git("push", "--quiet", "origin", "HEAD:main")
    ran = hub.run("ci.yml", hub.pushed("main", hub.tip("main")), job="check")
    assert ran.jobs == {"environment": "success", "workflows": "success"}, ran.trouble


def test_an_unsafe_workflow_is_found(hub: Hub) -> None:
    """In a private repository: GitHub compares dependencies for public ones alone."""
    hub.repository.private = True
    hub.commit("Unsafe", {".github/workflows/unsafe.yml": UNSAFE})
    ran = hub.run("ci.yml", hub.pull_request("unsafe"), job="check")
    assert ran.jobs == {"environment": "success", "workflows": "failure"}
    assert "template-injection" in ran.log
    assert "dangerous-triggers" in ran.log
