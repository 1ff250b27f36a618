"""A port that answers nobody: it listens, takes no connection, and its queue is full.

Prints its number, and keeps the port until its standard input ends.
"""

import socket
import sys

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
waiting = []
for _ in range(4):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    waiting.append(client)
print(listener.getsockname()[1])
sys.stdin.read()
