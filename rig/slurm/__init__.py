"""SLURM on this machine: Debian's daemons, one node, on loopback."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rig.machine import ports, process
from rig.machine.commands import apt_install, is_root, succeeds
from rig.machine.errors import RigError
from rig.machine.progress import step

CPUS = 4
"""Of the node. They need not be there: a job that waits uses none."""

# Without munge and cgroups, which need a service manager. None of it is for a machine with other users.
CONFIG = """\
ClusterName=rig
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/none
CredType=cred/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
GresTypes=gpu
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=1
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
KillWait=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=8000 Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=ALL PriorityTier=2 MaxTime=INFINITE State=UP
"""

GPUS = "NodeName={host} Name=gpu File={folder}/gpu[0-1]\n"
"""Files stand in for the devices; SLURM counts them."""


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """Run SLURM with its files in *folder*; yield the file for the variable SLURM_CONF.

    Raises
    ------
    RigError
        When this is not root, SLURM cannot be installed, or it does not come up.
    """
    if not is_root():
        raise RigError("SLURM's daemons are started by root only")
    if shutil.which("slurmctld") is None:
        with step("SLURM from Debian"):
            apt_install("slurmctld", "slurmd", "slurm-client")
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    configuration = folder / "slurm.conf"
    host = socket.gethostname().partition(".")[0]
    for number in range(2):
        (folder / f"gpu{number}").touch()
    (folder / "gres.conf").write_text(GPUS.format(host=host, folder=folder), encoding="utf-8")
    configuration.write_text(
        CONFIG.format(
            folder=folder,
            host=host,
            controller=ports.choose("127.0.0.1", None),
            node=ports.choose("127.0.0.1", None),
            cpus=CPUS,
        ),
        encoding="utf-8",
    )
    started: list[process.Process] = []
    try:
        for program in ("slurmctld", "slurmd"):
            log = folder / f"{program}.log"
            command = [program, "-D", "-f", str(configuration)]
            started.append(process.start(command, log, address="", serves=str(folder)))
        # A job that runs is the only sure sign that both daemons know each other.
        job = ["env", f"SLURM_CONF={configuration}", "srun", "--immediate=5", "true"]
        ports.wait_for(lambda: succeeds(job), 60, f"SLURM takes no job; its logs are in {folder}")
        yield configuration
    finally:
        for one in reversed(started):
            process.stop(one)
