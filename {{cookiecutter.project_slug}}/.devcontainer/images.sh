#!/usr/bin/env bash
# Pushes the images dev and runtime, tagged with the key of what is in them, and prints their digests.
# Images that the registry has are not built again. CI runs this; after "docker login" and
# "uv tool install" of strata, so can you. Options are passed on to "docker buildx bake".
set -euo pipefail
cd "$(dirname "$0")/.."

: "${IMAGE:={{ cookiecutter.__image }}}" "${PLATFORMS:=linux/amd64}"
: "${BASE_IMAGE:=$(sed -n 's/^ARG BASE_IMAGE=//p' .devcontainer/Dockerfile)}"
read -ra platforms <<< "--platform ${PLATFORMS//,/ --platform }"

[ -f conda.lock ] || strata lock "${platforms[@]}" >&2
key=$(strata key --base "$BASE_IMAGE")

for target in dev runtime; do
    name=$IMAGE:$target-$key
    {% raw %}if digest=$(docker buildx imagetools inspect --format '{{print .Manifest.Digest}}' "$name" 2> /dev/null); then{% endraw %}
        echo "$target=$IMAGE@$digest"
        continue
    fi
    IMAGE=$IMAGE PLATFORMS=$PLATFORMS SUFFIX=-$key docker buildx bake "$target-base" "$@" >&2
    environment=${target/runtime/default}
    pushed=$(strata push "$name" --base "$IMAGE:$target-base-$key" --env "$environment" \
        --reuse "$IMAGE:$target" --reuse "$IMAGE:dev-$key" "${platforms[@]}")
    echo "$target=$pushed"
done
