"""Mail servers and a system log for the benchmark.

Takes a JSON object: the files "certificate" and "key", and the path "log" of the log's socket.
Writes the ports as JSON, by the way the server acknowledges and by the encryption, and answers each
line on stdin with what has come since the last one. Messages are counted, not kept.

A thread for each connection: with TCP's own blocking calls nothing stands between a client and its
answer, which is what is to be measured.
"""

import collections
import json
import socket
import ssl
import sys
import threading

REPLIES = {
    b"EHLO": (
        b"250-bench.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 104857600\r\n"
    ),
    b"DATA": b"354 Go\r\n",
    b"QUIT": b"221 Bye\r\n",
}
END = b"\r\n.\r\n"
LARGEST_READ = 256 * 1024

counts = collections.Counter()


class Connection:
    def __init__(self, plain, acknowledge_at_once):
        self.socket = plain
        self.quick = int(acknowledge_at_once)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.acknowledge()

    def acknowledge(self):
        # Linux goes its own way again after a while, so it is told each time.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, self.quick)

    def encrypt(self, context):
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def say(self, reply):
        self.socket.sendall(reply)

    def read(self):
        data = self.socket.recv(LARGEST_READ)
        if not data:
            raise ConnectionResetError
        self.acknowledge()
        return data

    def read_message(self, tail):
        """Reads on to the final dot."""
        while not (b"\r\n" + tail).endswith(END):
            tail = (tail + self.read())[-len(END) :]


def serve(connection, encryption, context):
    if encryption == "tls":
        connection.encrypt(context)
    connection.say(b"220 bench.test ESMTP\r\n")
    rest = b""
    while True:
        *lines, rest = (rest + connection.read()).split(b"\r\n")
        answer = b""
        for number, line in enumerate(lines):
            verb = line[:4].upper()
            reply = REPLIES.get(verb, b"250 Ok\r\n")
            if verb == b"EHLO" and encryption == "starttls":
                reply = reply.replace(b"\r\n", b"\r\n250-STARTTLS\r\n", 1)
            answer += reply
            if verb == b"RCPT":
                counts["recipients"] += 1
            if verb == b"DATA":
                connection.say(answer)
                connection.read_message(b"\r\n".join(lines[number + 1 :] + [rest]))
                counts["messages"] += 1
                answer, rest = b"250 2.0.0 Ok: queued as 4F1\r\n", b""
                break
            if verb == b"STAR":
                connection.say(b"220 Go\r\n")
                connection.encrypt(context)
                encryption, answer = "encrypted", b""
        connection.say(answer)


def serve_until_gone(*arguments):
    connection = arguments[0]
    try:
        serve(*arguments)
    except (OSError, ssl.SSLError):
        pass  # the client has gone
    finally:
        connection.socket.close()


def listen(acknowledge_at_once, encryption, context):
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)

    def accept():
        while True:
            connection = Connection(listener.accept()[0], acknowledge_at_once)
            threading.Thread(
                target=serve_until_gone, args=(connection, encryption, context), daemon=True
            ).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def take_records(path):
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(path)

    def receive():
        while log.recv(65536):
            counts["records"] += 1

    threading.Thread(target=receive, daemon=True).start()


def main():
    settings = json.loads(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"], settings["key"])
    take_records(settings["log"])
    ports = {
        acks: {
            encryption: listen(acks == "quick", encryption, context)
            for encryption in ("none", "starttls", "tls")
        }
        for acks in ("quick", "delayed")
    }
    print(json.dumps(ports))
    for _ in sys.stdin:
        print(json.dumps(counts))
        counts.clear()


main()
