#!/usr/bin/env bash
# Applies the template's changes to this checkout with cruft. Writes them to template.patch, and the text
# of the pull request to template.md. Prints for GITHUB_OUTPUT "changed=true", "draft=true" if some
# changes did not apply, and "workflows=true" if workflows change.
set -euo pipefail

cruft=(uvx cruft@2.16.0)
if [ ! -f .cruft.json ]; then
    echo "::notice::there is no .cruft.json, so the template is unknown: see 'uvx cruft link --help'" >&2
    exit
fi
"${cruft[@]}" check >&2 && exit
before=$(jq -r .commit .cruft.json)
"${cruft[@]}" update --skip-apply-ask >&2
after=$(jq -r .commit .cruft.json)
template=$(jq -r .template .cruft.json)

git add --all
{
    echo "What changed in [the template]($template) from \`${before::10}\` to \`${after::10}\`."
    conflicts=$(git diff --cached --name-only --diff-filter=A -- '*.rej'; git grep --cached -l '^<<<<<<< ' || true)
    if [ "$conflicts" ]; then
        echo
        echo "**Some changes conflict with this project's changes.** These files contain both versions, or"
        echo "the rejected part, as \`.rej\`. Resolve them in this branch, then mark it as ready for review:"
        echo
        # shellcheck disable=SC2001,SC2016
        sed 's/.*/- `&`/' <<< "$conflicts"
        echo draft=true >&3
    fi
} 3>&1 > template.md
git diff --cached --binary > template.patch
if ! git diff --cached --quiet -- .github/workflows; then echo workflows=true; fi
echo changed=true
