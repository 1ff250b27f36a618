"""Writes messages with Python's email package, random but the same for the same seed.

Answers each line on stdin, a seed, with one line of JSON: the message, and what is in it.
"""

import base64
import email.policy
import json
import random
import sys
from email.headerregistry import Address, Group
from email.message import EmailMessage
from email.mime.message import MIMEMessage

LETTERS = "abc XYZ.,;:<>@()[]\"'\\=?_-äöüßéñ€字日本🦊ёж\u0301\u200d"
BOUNDARY = "0123456789abcXYZ'()+_,-./:=?"
CHARSETS = ["us-ascii", "utf-8", "iso-8859-1", "utf-16", "koi8-r"]
HOSTS = ["example.org", "Example.NET", "xn--exmple-cua.org", "[192.0.2.1]"]


class Writer:
    """One message."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.policy = email.policy.SMTP if self.chance(0.5) else email.policy.default
        self.policy = self.policy.clone(cte_type="8bit")

    def chance(self, probability):
        return self.random.random() < probability

    def phrase(self, longest):
        length = self.random.randint(1, longest)
        text = "".join(self.random.choice(LETTERS) for _ in range(length))
        return " ".join(text.split()) or "x"

    def octets(self):
        return self.random.randbytes(self.random.choice([0, 1, 57, 58, 300, 3000]))

    def text(self):
        lines = []
        for _ in range(self.random.randint(0, 6)):
            line = self.phrase(self.random.choice([5, 50, 200]))
            start = self.random.choice(["", ".", "From ", "--", " ", "\t", ">From "])
            lines.append(start + line + self.random.choice(["", " ", "\t"]))
        return "\n".join(lines) + "\n"

    def boundary(self):
        length = self.random.randint(1, 70)
        return "".join(self.random.choice(BOUNDARY) for _ in range(length))

    def leaf(self):
        part = EmailMessage(policy=self.policy)
        if self.chance(0.5):
            charset = self.random.choice(CHARSETS)
            text = self.text().encode(charset, "ignore").decode(charset)
            encodings = ["quoted-printable", "base64"]
            if charset != "utf-16":
                encodings.append("7bit" if text.isascii() else "8bit")
            encoding = self.random.choice(encodings)
            if len(max(text.split("\n"), key=len)) > 400:
                encoding = "base64"
            kind = self.random.choice(["plain", "html", "calendar"])
            part.set_content(text, subtype=kind, charset=charset, cte=encoding)
        else:
            name = self.phrase(30).replace("\\", "").replace('"', "")
            kind = self.random.choice([("image", "png"), ("application", "octet-stream")])
            part.set_content(self.octets(), *kind, filename=name)
        return part

    def tree(self, depth):
        if depth == 0 or self.chance(0.3):
            return self.leaf()
        if self.chance(0.15):
            return MIMEMessage(self.tree(depth - 1), policy=self.policy)
        part = EmailMessage(policy=self.policy)
        kind = self.random.choice(["mixed", "alternative", "related", "digest", "x-odd"])
        part["Content-Type"] = f"multipart/{kind}"
        part.set_boundary(self.boundary())
        if self.chance(0.2):
            part.preamble = "This is MIME."
        if self.chance(0.2):
            part.epilogue = "The end.\n"
        for _ in range(self.random.randint(1, 3)):
            part.attach(self.tree(depth - 1))
        return part

    def address(self):
        local = self.random.choice(["u", "John.Doe", "a+b", "o'brien", "x=y"])
        name = self.phrase(20) if self.chance(0.6) else ""
        spec = f"{local}{self.random.randint(0, 9)}@{self.random.choice(HOSTS)}"
        return Address(name, addr_spec=spec)

    def addresses(self):
        count = self.random.randint(1, 5)
        return [self.address() for _ in range(count)]

    def message(self):
        message = self.tree(self.random.randint(0, 3))
        if not isinstance(message, EmailMessage):
            outer = EmailMessage(policy=self.policy)
            outer["Content-Type"] = "multipart/mixed"
            outer.attach(message)
            message = outer
        del message["MIME-Version"]
        message["MIME-Version"] = "1.0"
        message["Subject"] = self.phrase(120)
        message["From"] = self.address()
        people = []
        for field in ["To", "Cc", "Bcc"]:
            if field != "To" and self.chance(0.5):
                continue
            members = self.addresses()
            people += members
            if self.chance(0.2):
                # Names outside ASCII make Python encode the end of a group, too.
                nameless = [Address(addr_spec=member.addr_spec) for member in members]
                message[field] = Group("team", nameless)
            else:
                message[field] = members
        if self.chance(0.5):
            message["Date"] = "Sat, 22 Nov 2025 11:00:00 +0100"
        if self.chance(0.5):
            message["Message-ID"] = "<written@example.org>"
        return message, people


def main():
    print("ready")
    for line in sys.stdin:
        writer = Writer(int(line))
        message, people = writer.message()
        print(json.dumps({
            "message": base64.b64encode(message.as_bytes()).decode("ascii"),
            "sender": message["From"].addresses[0].addr_spec,
            "recipients": [address.addr_spec for address in people],
        }))


main()
