# shellcheck shell=sh
# Read by login shells, and by bash where a person types: activates the environment as "conda activate" would.
if [ -z "${CONDA_PREFIX-}" ] && [ -r /etc/environment ]; then # as by sudo and cron
    set -a
    # shellcheck source=/dev/null
    . /etc/environment
    set +a
fi
export CONDA_PREFIX="${CONDA_PREFIX:-/opt/env}" LANG="${LANG:-C.UTF-8}"
case ":$PATH:" in
    *":$CONDA_PREFIX/bin:"*) ;;
    *) export PATH="$CONDA_PREFIX/bin:$PATH" ;;
esac
for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
    # shellcheck source=/dev/null
    [ -r "$script" ] && . "$script"
done
unset script
# Jupyter, Matplotlib and others write into the home, and users whom /etc/passwd does not know have none.
[ -w "${HOME:-/none}" ] || HOME=$(mktemp -d || echo /)
export HOME

if [ -n "${PS1-}" ] && [ -n "${BASH_VERSION-}" ]; then
    for script in /usr/share/bash-completion/bash_completion /usr/lib/git-core/git-sh-prompt; do
        # shellcheck source=/dev/null
        [ -r "$script" ] && . "$script"
    done
    unset script
    alias ls='ls --color=auto'
    # shellcheck disable=SC2016,SC2034
    PS1='[{{ cookiecutter.project_slug }}$(__git_ps1 " %s" 2> /dev/null)] \W\$ '
    # shellcheck disable=SC2034 # beside the caches, because devcontainer.json keeps that folder in a volume
    [ -d "$HOME/.cache" ] && HISTFILE="$HOME/.cache/bash_history" PROMPT_COMMAND="history -a"
fi
