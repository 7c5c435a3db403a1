"""Make a git repository, note the template's commit, say what comes next; needs no network."""

import json
import re
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


def note_template():
    """Write what cruft needs to bring the template's changes, as ``cruft create`` does itself."""
    git, clone = shutil.which("git"), ANSWERS.get("_repo_dir")
    if not git or not clone or Path(".cruft.json").exists():
        return

    def said(*words):
        command = [git, "-C", clone, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    # Unpacked from an archive, the template has no commit, but may lie in another repository.
    top, commit = said("rev-parse", "--show-toplevel"), said("rev-parse", "HEAD")
    if not commit or not Path(top).samefile(clone):
        return
    template = ANSWERS["_template"]
    given = Path(ANSWERS["_output_dir"], template)
    if Path(template).is_absolute() or given.is_dir():
        template = str(given.resolve())
    else:
        template = re.sub(r"(?<=://)[^/@]*@", "", said("remote", "get-url", "origin") or template)
    ours = {k: v for k, v in ANSWERS.items() if k not in ("_checkout", "_output_dir", "_repo_dir")}
    noted = {
        "template": template,
        "commit": commit,
        "checkout": ANSWERS.get("_checkout"),
        "context": {"cookiecutter": ours | {"_template": template, "_commit": commit}},
        "directory": None,
    }
    Path(".cruft.json").write_text(json.dumps(noted, indent=2) + "\n", encoding="utf-8")


def next_steps():
    """Return what to do now, in three steps."""
    slug = ANSWERS["project_slug"]
    repository = f"{ANSWERS['github_owner']}/{slug}"
    return f"""
{slug} is ready. Next:

  1. Lock the environment:
       cd {slug}
       uv tool install "{ANSWERS["__strata"]}"
       strata lock
  2. Create the repository {repository} on GitHub, without any file, and push:
       git add . && git commit -m "Start the project"
       git remote add origin https://github.com/{repository}.git
       git push -u origin main
  3. When the workflow 'ci' is green, open https://codespaces.new/{repository}
     What else to look at once: {DOCS}/how-to/first-push.md
"""


git_init()
note_template()
print(next_steps())
