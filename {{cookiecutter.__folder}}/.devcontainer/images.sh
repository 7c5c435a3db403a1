#!/usr/bin/env bash
# Prints the digests of the images dev and runtime. Looks for them in the registry by their content key,
# and builds and pushes missing ones. Pushing needs "docker login" and strata. With --local as the first
# option, pushes nothing and builds missing images in the local Docker. Passes other options on to
# "docker buildx bake".
set -euo pipefail
cd "$(dirname "$0")/.."

: "${IMAGE:={{ cookiecutter.__image }}}" "${PLATFORMS:=linux/amd64}"
: "${BASE_IMAGE:=$(sed -n 's/^FROM \(.*\) AS runtime-base$/\1/p' .devcontainer/Dockerfile)}"
read -ra platforms <<< "--platform ${PLATFORMS//,/ --platform }"
local=
if [ "${1-}" = --local ]; then
    local=yes
    shift
fi

if [ -f strata.lock ]; then
    strata check "${platforms[@]}" >&2
else
    strata lock "${platforms[@]}" >&2
fi
key=$(strata key --base "$BASE_IMAGE")

for target in dev runtime; do
    name=$IMAGE:$target-$key
    {% raw %}if digest=$(docker buildx imagetools inspect --format '{{print .Manifest.Digest}}' "$name" 2> /dev/null); then{% endraw %}
        echo "$target=$IMAGE@$digest"
    elif [ "$local" ]; then
        IMAGE=$IMAGE docker buildx bake "$target" "$@" >&2
        echo "$target=$IMAGE:$target"
    else
        IMAGE=$IMAGE PLATFORMS=$PLATFORMS SUFFIX=-$key docker buildx bake "$target-base" "$@" >&2
        environment=${target/runtime/default}
        pushed=$(strata push "$name" --base "$IMAGE:$target-base-$key" --env "$environment" \
            --reuse "$IMAGE:$target" --reuse "$IMAGE:dev-$key" "${platforms[@]}")
        echo "$target=$pushed"
    fi
done
