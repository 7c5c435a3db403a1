#!/usr/bin/env bash
# Compares the image $REFERENCE with the released image, which has the tag $NAME. Prints for
# GITHUB_OUTPUT "same=true" if both have the same digest, else "image=" and the released image, if any.
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
