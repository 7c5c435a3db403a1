#!/usr/bin/env bash
# Compares the image $REFERENCE with the one that has the tag $NAME, for GITHUB_OUTPUT: "same=true" where
# they are one digest, else "image=" the released one, if there is any.
set -euo pipefail

{% raw %}if ! released=$(docker buildx imagetools inspect --format '{{print .Manifest.Digest}}' "${REFERENCE%@*}:$NAME" 2>&1); then{% endraw %}
    [[ $released == *"not found"* ]] && exit
    echo "$released" >&2
    exit 1
fi
if [ "${REFERENCE%@*}@$released" = "$REFERENCE" ]; then
    echo same=true
else
    echo "image=${REFERENCE%@*}@$released"
fi
