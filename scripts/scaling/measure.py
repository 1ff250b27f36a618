"""Runs a command, and writes what it took to the file in argv, as JSON: "cpu", in milliseconds, and
"peak", the most memory that it held, in bytes.
"""

import json
import resource
import subprocess
import sys

status = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w", encoding="ascii") as file:
    json.dump({"cpu": 1000 * (used.ru_utime + used.ru_stime), "peak": used.ru_maxrss * 1024}, file)
sys.exit(status)
