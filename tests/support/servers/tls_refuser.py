"""A server that offers what the program must not or cannot use, and says so in TLS.

Takes its settings as JSON in argv, prints its port, and serves until its standard input ends. What
asyncio serves, it cuts off without a word; this one lets OpenSSL say why.
"""

import json
import socket
import ssl
import struct
import sys
import threading
import warnings


def tls_context(settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["chainFile"], settings["keyFile"])
    if "ciphers" in settings:
        context.set_ciphers(settings["ciphers"])
    context.minimum_version, context.maximum_version = (
        ssl.TLSVersion[name] for name in settings["versions"]
    )
    if settings.get("clientCertificate"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(settings["chainFile"])
    return context


def say(client, *lines):
    client.sendall("".join(line + "\r\n" for line in lines).encode("ascii"))


class Tls:
    """TLS that can break off at any point."""

    def __init__(self, client, settings):
        self.client = client
        self.incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.outgoing = outgoing
        self.tls = tls_context(settings).wrap_bio(self.incoming, outgoing, server_side=True)

    def step(self, what):
        """Does something as soon as the client has sent enough for it."""
        while True:
            try:
                return what()
            except ssl.SSLWantReadError:
                self.flush()
                received = self.client.recv(4096)
                if not received:
                    raise EOFError from None
                self.incoming.write(received)

    def flush(self):
        self.client.sendall(self.outgoing.read())

    def reset_in_handshake(self):
        """Sends its part of the handshake, and breaks off when the client's has come."""
        try:
            self.incoming.write(self.client.recv(4096))
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self.flush()
        self.client.recv(1)
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()

    def talk(self, alert_at, has_greeted):
        """Speaks SMTP up to a command, or the final dot, which it answers with a fatal alert."""
        self.step(self.tls.do_handshake)
        replies = {"DATA": "354 Go on", "QUIT": "221 Bye"}
        reply = None if has_greeted else "220 refuser.test ESMTP"
        text = b""
        while True:
            if reply is not None:
                self.tls.write(reply.encode("ascii") + b"\r\n")
            self.flush()
            ending = b"\r\n.\r\n" if reply == replies["DATA"] else b"\r\n"
            while ending not in text:
                text += self.step(lambda: self.tls.read(4096))
            verb = "." if reply == replies["DATA"] else text[:4].decode("ascii")
            text = text.partition(ending)[2]
            if verb == alert_at:
                # A record that nobody can decrypt: OpenSSL answers with an alert.
                self.incoming.write(b"\x17\x03\x03\x00\x20" + bytes(32))
                try:
                    self.tls.read(1)
                except ssl.SSLError:
                    return self.flush()
            reply = replies.get(verb, "250 Ok")


def talk(client, settings):
    if "alertAt" in settings:
        Tls(client, settings).talk(settings["alertAt"], settings["encryption"] == "starttls")
    elif settings.get("isReset"):
        Tls(client, settings).reset_in_handshake()
    else:
        tls_context(settings).wrap_socket(client, server_side=True).recv(4096)


def serve(client, settings):
    # A failed handshake closes its socket. What the client says then would break the connection off,
    # and the server's words might get lost.
    remaining = None if settings.get("isReset") else client.dup()
    try:
        if settings["encryption"] == "starttls":
            say(client, "220 refuser.test ESMTP")
            client.recv(4096)
            say(client, "250-refuser.test", "250 STARTTLS")
            client.recv(4096)
            say(client, "220 2.0.0 Go ahead")
        talk(client, settings)
    except (OSError, EOFError):
        pass  # that is what it is for
    if remaining is None:
        return
    try:
        remaining.shutdown(socket.SHUT_WR)
        while remaining.recv(4096):
            pass
    finally:
        remaining.close()


def accept(listener, settings):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, settings), daemon=True).start()


warnings.simplefilter("ignore")  # the old versions are what some tests are about
listener = socket.create_server(("127.0.0.1", 0))
arguments = (listener, json.loads(sys.argv[1]))
threading.Thread(target=accept, args=arguments, daemon=True).start()
print(listener.getsockname()[1])
sys.stdin.read()
