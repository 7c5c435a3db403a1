#!/usr/bin/env bash
# Proposes what is staged, as one commit on the branch $BRANCH, in a pull request:
#
#   propose.sh TITLE BODY-FILE true|false WORKFLOW…
#
# The third word says whether it is a draft. With GitHub's own token a pull request starts no checks, so
# the workflows are started by hand then; with $OWN_TOKEN=true they start by themselves. A branch on
# which somebody else has worked is left alone.
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
        echo "::notice::somebody has worked on $BRANCH: merge or delete it to get newer proposals"
        exit
    fi
    if git diff --quiet HEAD FETCH_HEAD && [ "$(number all)" ]; then
        echo "$BRANCH proposes this already, or did until somebody closed it"
        exit
    fi
fi
git push --quiet --force "$repository" "HEAD:refs/heads/$BRANCH"

open=$(number open)
if [ "$open" ]; then
    gh api --method PATCH "$pulls/$open" -f title="$title" -F body=@"$body" --jq .html_url
# Private repositories have no drafts in GitHub's free plan.
elif ! propose "$draft" && ! { [ "$draft" = true ] && propose false; }; then
    echo "::error title=No pull request::$BRANCH is pushed: open one yourself, or allow it under Settings, Actions, General: allow GitHub Actions to create and approve pull requests."
    exit 1
fi
[ "${OWN_TOKEN-}" = true ] && exit
for workflow in "$@"; do
    gh api "repos/$GITHUB_REPOSITORY/actions/workflows/$workflow/dispatches" -f ref="$BRANCH"
done
