#!/usr/bin/env bash
# Compares two grype reports: the first of the new image, the second of the released image. Lists, as
# Markdown, the high and critical vulnerabilities that only the first has, and fails if there are any.
# Without the second report, lists all of them and does not fail.
set -euo pipefail
new=$1 released=$2

bad() {
    jq -r '.matches[] | select(.vulnerability.severity | IN("High", "Critical"))
        | "\(.vulnerability.id) in \(.artifact.name)"' "$1" | sort -u
}

echo
echo "### Vulnerabilities of $NAME: $(bad "$new" | wc -l) high or critical, as rated by the scanner"
echo
[ -f "$released" ] || { bad "$new" | sed 's/^/- /'; exit; }
added=$(comm -23 <(bad "$new") <(bad "$released"))
[ -z "$added" ] && { echo "None of them is new."; exit; }
echo "These are new and block publication (see SECURITY.md):"
echo
# shellcheck disable=SC2001
sed 's/^/- /' <<< "$added"
exit 1
