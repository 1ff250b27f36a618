"""Runs a command and writes the most memory that it held, in bytes, to the file in argv."""

import resource
import subprocess
import sys

status = subprocess.run(sys.argv[2:]).returncode
kibibytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
with open(sys.argv[1], "w") as file:
    file.write(str(kibibytes * 1024))
sys.exit(status)
