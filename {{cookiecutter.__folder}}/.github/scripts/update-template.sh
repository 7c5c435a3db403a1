#!/usr/bin/env bash
# Brings the template's changes into this checkout with cruft, and writes them to template.patch, with
# what a pull request says of them in template.md. Prints "changed=true", "draft=true" where parts
# did not apply, and "workflows=true" where workflows change, for GITHUB_OUTPUT.
set -euo pipefail

cruft=(uvx cruft@2.16.0)
if [ ! -f .cruft.json ]; then
    echo "::notice::no .cruft.json says which template this project is from: see 'uvx cruft link --help'" >&2
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
        echo "**Some of it does not fit what this project made of these files.** They hold both versions,"
        echo "or are beside the file as \`.rej\`; fix them in this branch, then mark it as ready:"
        echo
        # shellcheck disable=SC2001,SC2016
        sed 's/.*/- `&`/' <<< "$conflicts"
        echo draft=true >&3
    fi
} 3>&1 > template.md
git diff --cached --binary > template.patch
if ! git diff --cached --quiet -- .github/workflows; then echo workflows=true; fi
echo changed=true
