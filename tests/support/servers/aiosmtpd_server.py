"""An honest mail server: aiosmtpd, by the makers of Mailman.

Takes its settings as JSON in argv, prints its port, and answers each line on stdin with
all messages it has taken, as one line of JSON. After the line "take" it forgets them.
"""

import asyncio
import base64
import json
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Store:
    """Keeps each message with its envelope, as it came."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        content = envelope.original_content
        self.messages.append({
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "content": base64.b64encode(content).decode("ascii"),
            "encrypted": server.transport.get_extra_info("sslcontext") is not None,
            "username": session.auth_data if session.authenticated else None,
        })
        return "250 2.0.0 Ok: queued as 4F1"


def authenticator_of(login):
    """Lets one user in; what it remembers of a login is the name alone."""

    def authenticate(server, session, envelope, mechanism, auth_data):
        name, word = auth_data.login.decode("utf-8"), auth_data.password.decode("utf-8")
        right = login is not None and [name, word] == [login["username"], login["password"]]
        return AuthResult(success=right, handled=False, auth_data=name)

    return authenticate


def tls_context(settings):
    if settings["encryption"] == "none":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["chainFile"], settings["keyFile"])
    return context


async def main():
    warnings.simplefilter("ignore")  # a login in the clear is what some tests are about
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    settings = json.loads(sys.argv[1])
    store = Store()
    context = tls_context(settings)
    starttls = settings["encryption"] == "starttls"
    login = settings.get("login")
    options = {
        "hostname": "aiosmtpd.test",
        "enable_SMTPUTF8": settings["smtputf8"],
        "data_size_limit": settings.get("size", 64 * 1024 * 1024),
        "tls_context": context if starttls else None,
        "require_starttls": starttls,
        "authenticator": authenticator_of(login),
        "auth_required": login is not None,
        "auth_require_tls": starttls,
        "auth_exclude_mechanism": [] if login else ["LOGIN", "PLAIN"],
    }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(store, **options),
        "127.0.0.1",
        0,
        ssl=None if starttls else context,
    )
    print(server.sockets[0].getsockname()[1])
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(store.messages))
        if line == "take\n":
            store.messages.clear()


asyncio.run(main())
