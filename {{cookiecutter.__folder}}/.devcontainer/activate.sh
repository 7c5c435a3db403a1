# shellcheck shell=sh
# Activates the environment in login shells, as "conda activate" would.
export PATH="$CONDA_PREFIX/bin:$PATH"
for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
    # shellcheck source=/dev/null
    [ -r "$script" ] && . "$script"
done
unset script
