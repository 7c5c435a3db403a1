#!/usr/bin/env bash
# Lists, as Markdown, the high and critical vulnerabilities that one report of grype has and another, of
# the released image, has not. Fails if there are any; without another report nothing counts as new.
set -euo pipefail
new=$1 released=$2

bad() {
    jq -r '.matches[] | select(.vulnerability.severity | IN("High", "Critical"))
        | "\(.vulnerability.id) in \(.artifact.name)"' "$1" | sort -u
}

echo
echo "### Vulnerabilities of $NAME: $(bad "$new" | wc -l) high or critical, as the scanner knows them"
echo
[ -f "$released" ] || { bad "$new" | sed 's/^/- /'; exit; }
added=$(comm -23 <(bad "$new") <(bad "$released"))
[ -z "$added" ] && { echo "None is new."; exit; }
echo "New, so this image is not published (SECURITY.md says what to do):"
echo
# shellcheck disable=SC2001
sed 's/^/- /' <<< "$added"
exit 1
