"""Leave out what the stack cannot use, start a git repository, and say what comes next."""

import json
import shutil
import subprocess
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

DOCS = "https://github.com/leej3/ds-cookiecutter/blob/main/docs"


def git_init():
    """Start a repository with the branch main, where git is at hand and there is none yet."""
    git = shutil.which("git")
    if git and not Path(".git").exists():
        subprocess.run([git, "init", "--quiet", "--initial-branch=main"], check=False)


def next_steps():
    """Return what to do now, in three steps."""
    slug = ANSWERS["project_slug"]
    repository = f"{ANSWERS['github_owner']}/{slug}"
    return f"""
{slug} is ready. Next:

  1. Lock the environment:
       cd {slug}
       uv tool install "{ANSWERS["_strata"]}"
       strata lock
  2. Create the repository {repository} on GitHub, without any file, and push:
       git add . && git commit -m "Start the project"
       git remote add origin https://github.com/{repository}.git
       git push -u origin main
  3. When the workflow 'ci' is green, open https://codespaces.new/{repository}
     What else to look at once: {DOCS}/how-to/first-push.md
"""


if not ANSWERS["__dask"]:
    Path("compose.yaml").unlink()
git_init()
print(next_steps())
