"""Becomes a command under settings of systemd's units that are the kernel's to keep.

Takes their names in argv, separated by blanks, then the command. What systemd does with files, users
and limits is done by other commands in front of this one.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path

import seccomp
from seccomp import ALLOW, ERRNO, KILL_PROCESS, MASKED_EQ, Arg

AF_UNIX, AF_INET, AF_INET6, LAST_FAMILY = 1, 2, 10, 45
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
CLONE_NEW = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)


def refuse(error, *rules):
    """Refuses calls: each a name and conditions on its arguments."""
    filter = seccomp.SyscallFilter(ALLOW)
    for name, *conditions in rules:
        filter.add_rule(ERRNO(error), name, *conditions)
    filter.load()


def memory_deny_write_execute():
    """As systemd has it: by a filter, and by the kernel's own switch."""
    refuse(
        errno.EPERM,
        ("mmap", Arg(2, MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC)),
        ("mprotect", Arg(2, MASKED_EQ, PROT_EXEC, PROT_EXEC)),
        ("pkey_mprotect", Arg(2, MASKED_EQ, PROT_EXEC, PROT_EXEC)),
        ("shmat", Arg(2, MASKED_EQ, SHM_EXEC, SHM_EXEC)),
    )
    # Linux 6.3 and newer.
    ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)


def restrict_address_families():
    allowed = (AF_UNIX, AF_INET, AF_INET6)
    others = [family for family in range(LAST_FAMILY + 1) if family not in allowed]
    refuse(errno.EAFNOSUPPORT, *[("socket", Arg(0, seccomp.EQ, family)) for family in others])


def restrict_namespaces():
    refuse(
        errno.EPERM,
        *[(name, Arg(0, MASKED_EQ, flag, flag)) for name in ("unshare", "clone") for flag in CLONE_NEW],
        ("setns",),
    )


def system_call_filter(more=(), otherwise=KILL_PROCESS):
    """Allows what a service needs, and no other call."""
    text = Path(__file__).with_name("system_service.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    filter = seccomp.SyscallFilter(otherwise)
    for name in [*" ".join(lines).split(), *more]:
        try:
            filter.add_rule(ALLOW, name)
        except RuntimeError:
            pass  # a call of another kind of processor
    filter.load()


PKEY = ("pkey_alloc", "pkey_free", "pkey_mprotect")

SETTINGS = {
    "MemoryDenyWriteExecute": memory_deny_write_execute,
    "RestrictAddressFamilies": restrict_address_families,
    "RestrictNamespaces": restrict_namespaces,
    "SystemCallFilter=@system-service": system_call_filter,
    "SystemCallFilter=@system-service,@pkey": lambda: system_call_filter(PKEY),
    "SystemCallFilter=@system-service,SystemCallErrorNumber=EPERM": lambda: system_call_filter(
        (), ERRNO(errno.EPERM)
    ),
    "LockPersonality": lambda: refuse(errno.EPERM, ("personality", Arg(0, seccomp.NE, 0))),
    "RestrictRealtime": lambda: refuse(
        errno.EPERM, *[("sched_setscheduler", Arg(1, seccomp.EQ, policy)) for policy in (1, 2, 6)]
    ),
}

for name in sys.argv[1].split(" "):
    SETTINGS[name]()
os.execv(sys.argv[2], sys.argv[2:])
