#!/usr/bin/env bash
# Run it in a generated project. Checks what the workflows need of the repository's settings on GitHub.
# Prints a line for each finding, with what to do, and then fails. Changes nothing. Needs gh and the login
# of an administrator.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
docs=https://github.com/leej3/ds-cookiecutter/blob/main/docs/how-to

found=0
finding() {
    echo "- $*"
    found=1
}

ask() { gh api --paginate "repos/{owner}/{repo}$1" --jq "$2"; }

# The names of variables or secrets, with those that an organisation shares with the repository.
names() {
    ask "/actions/$1?per_page=100" ".$1[].name" || return
    ask "/actions/organization-$1?per_page=30" ".$1[].name" 2> /dev/null || true
}

# Those that the login of the workflow ci needs, and the bots' token.
login=$(sed -nE 's/^ *login: ([a-z]+)$/\1/p' .github/workflows/ci.yml)
used() {
    case $1-$login in
        variable-password) echo REGISTRY_USERNAME ;;
        secret-password) echo REGISTRY_PASSWORD ;;
        variable-azure) printf '%s\n' AZURE_CLIENT_ID AZURE_TENANT_ID AZURE_SUBSCRIPTION_ID ;;
        variable-aws) echo AWS_ROLE ;;
        variable-google) printf '%s\n' GOOGLE_WORKLOAD_IDENTITY_PROVIDER GOOGLE_SERVICE_ACCOUNT ;;
    esac
    if [ "$1" = secret ] && grep -q BOT_TOKEN .github/workflows/*.yml; then echo BOT_TOKEN; fi
}

repository=$(ask "" '"\(.visibility) \(.owner.type)"') || exit 2
read -r visibility owner <<< "$repository"

# Without the secret BOT_TOKEN, GitHub Actions opens the pull requests of the workflows.
pull_requests() {
    local allowed
    allowed=$(ask /actions/permissions/workflow .can_approve_pull_request_reviews) || allowed=unknown
    case $allowed in
        true) ;;
        false) finding "Actions may not open pull requests: enable Settings, Actions, General," \
            "'Allow GitHub Actions to create and approve pull requests'." ;;
        *) finding "Cannot read whether Actions may open pull requests: ask an administrator." ;;
    esac
}

for kind in variable secret; do
    wanted=$(used "$kind")
    if ! there=$(names "${kind}s"); then
        finding "Cannot read the names of the ${kind}s: ask an administrator."
        continue
    fi
    for name in $wanted; do
        if grep -qx "$name" <<< "$there"; then
            continue
        elif [ "$name" = BOT_TOKEN ]; then
            pull_requests
        else
            finding "The $kind $name is missing: run 'gh $kind set $name', see $docs/registries.md"
        fi
    done
done

# Everybody can see a public repository, but its first package on ghcr.io is private.
image=$(sed -nE 's/^ *"image": "ghcr\.io\/([^:]+):.*/\1/p' .devcontainer/devcontainer.json)
if [ "$image" ] && [ "$visibility" = public ]; then
    package=${image#*/}
    owners=$([ "$owner" = Organization ] && echo orgs || echo users)
    answer=$(gh api "$owners/${image%%/*}/packages/container/${package//\//%2F}" --jq .visibility 2>&1) || true
    case $answer in
        public) ;;
        private | internal) finding "The package ghcr.io/$image is $answer, so others cannot pull it:" \
            "make it public in its Package settings, Change visibility." ;;
        *"HTTP 404"*) finding "There is no package ghcr.io/$image: 'ci' must be green on main once." ;;
        *"HTTP 403"*) finding "Cannot read the package's visibility:" \
            "run 'gh auth refresh --scopes read:packages', and repeat." ;;
        *) finding "Cannot read the package's visibility: ${answer##*gh: }" ;;
    esac
fi

[ "$found" = 1 ] || echo "The settings are as the workflows need them."
exit "$found"
