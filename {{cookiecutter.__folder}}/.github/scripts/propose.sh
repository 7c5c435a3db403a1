#!/usr/bin/env bash
# Commits the staged changes to the branch $BRANCH and opens a pull request, or updates it:
#
#   propose.sh TITLE BODY-FILE true|false WORKFLOW…
#
# The third argument says whether the pull request is a draft. With GitHub's own token, a pull request
# starts no checks, so this script starts the workflows. With $OWN_TOKEN=true, they start automatically.
# If somebody else has committed to the branch, the script changes nothing.
set -euo pipefail
title=$1 body=$2 draft=$3
shift 3

me="41898282+github-actions[bot]@users.noreply.github.com"
repository=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY
pulls=repos/$GITHUB_REPOSITORY/pulls
number() {
    gh api "$pulls?state=$1&head=$GITHUB_REPOSITORY_OWNER:$BRANCH" --jq '.[0].number // empty'
}
propose() {
    gh api "$pulls" -f head="$BRANCH" -f base=main -f title="$title" -F body=@"$body" -F draft="$1" \
        --jq .html_url
}

git config user.name "github-actions[bot]"
git config user.email "$me"
gh auth setup-git
git commit --quiet --message "$title"

if git fetch --quiet --depth 1 "$repository" "refs/heads/$BRANCH" 2> /dev/null; then
    if [ "$(git log -1 --format=%ae FETCH_HEAD)" != "$me" ]; then
        echo "::notice::somebody has committed to $BRANCH: merge or delete it to get new updates"
        exit
    fi
    if git diff --quiet HEAD FETCH_HEAD && [ "$(number all)" ]; then
        echo "$BRANCH already has these changes, in an open or closed pull request"
        exit
    fi
fi
git push --quiet --force "$repository" "HEAD:refs/heads/$BRANCH"

open=$(number open)
if [ "$open" ]; then
    gh api --method PATCH "$pulls/$open" -f title="$title" -F body=@"$body" --jq .html_url
# In GitHub's free plan, private repositories have no drafts.
elif ! propose "$draft" && ! { [ "$draft" = true ] && propose false; }; then
    echo "::error title=No pull request::$BRANCH is pushed. Open a pull request yourself, or enable Settings, Actions, General: allow GitHub Actions to create and approve pull requests."
    exit 1
fi
[ "${OWN_TOKEN-}" = true ] && exit
for workflow in "$@"; do
    gh api "repos/$GITHUB_REPOSITORY/actions/workflows/$workflow/dispatches" -f ref="$BRANCH"
done
