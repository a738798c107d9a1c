#!/usr/bin/python3
"""Reads messages with Python's own email parser and says where they differ from what was meant.

Usage: judge_mime.py FOLDER. Each NAME.eml there has a NAME.json with the values it was built from.
Exit status 0 when every message reads back equal, else 1 with one line per difference.
"""
import base64
import datetime
import email
import email.header
import email.policy
import email.utils
import json
import pathlib
import quopri
import re
import sys

STRICT = email.policy.SMTP + email.policy.strict
ENCODED_WORD = re.compile(r"=\?([^?\s]+)\?([QB])\?([^?\s]*)\?=")
ONCE = ["Date", "Message-ID", "From", "To", "Subject", "MIME-Version", "Content-Type"]


class Judge:
    def __init__(self, name, raw, meant):
        self.name, self.raw, self.meant, self.faults = name, raw, meant, []

    def check(self, what, found, expected):
        if found != expected:
            self.faults.append(f"{self.name}: {what}: found {found!r}, expected {expected!r}")

    def run(self):
        self.check_lines()
        try:
            message = email.message_from_bytes(self.raw, policy=STRICT)
            self.check_headers(message)
            self.check_bodies(message)
        except Exception as error:  # a defect is raised by the strict policy
            self.faults.append(f"{self.name}: {type(error).__name__}: {error}")
        return self.faults

    def check_lines(self):
        self.check("bare CR, bare LF or NUL", re.findall(rb"(?<!\r)\n|\r(?!\n)|\0", self.raw), [])
        self.check("last line end", self.raw[-2:], b"\r\n")
        self.check("long lines", [l for l in self.raw.split(b"\r\n") if len(l) > 998], [])
        head = self.raw.split(b"\r\n\r\n", 1)[0].decode("ascii")
        for line in head.split("\r\n"):
            words = ENCODED_WORD.findall(line)
            limit = 76 if words else 78
            foldable = " " in re.sub("^[A-Za-z-]+: ", "", line).strip()
            if len(line) > limit and foldable:
                self.check("header line length", line, f"at most {limit}")
            if line.strip() == "":
                self.check("header line of blanks", line, "text")
        for match in ENCODED_WORD.finditer(head):
            self.check("encoded-word length", len(match[0]) <= 75, True)
            self.check("encoded-word charset", match[1], "utf-8")
            decode_word(match)  # raises when a character is cut in two

    def check_headers(self, message):
        meant = self.meant
        for name in ONCE:
            self.check(f"count of {name}", len(message.get_all(name, [])), 1)
        self.check("bcc", message.get_all("bcc"), None)
        self.check("subject", str(message["subject"]), meant["subject"])
        self.check("message id", str(message["message-id"]), f"<{meant['messageId']}>")
        date = datetime.datetime.fromtimestamp(meant["date"], datetime.timezone.utc)
        self.check("date", message["date"].datetime, date)
        for name in ("from", "to", "cc", "reply-to"):
            self.check(name, mailboxes(message, name), [tuple(a) for a in meant[name]])
            for header in message.get_all(name, []):
                self.check(f"defects of {name}", header.defects, ())
        for name, value in meant["extra"]:
            self.check(name, str(message[name]), value)

    def check_bodies(self, message):
        bodies = [(t, self.meant[t]) for t in ("plain", "html") if self.meant[t]]
        if len(bodies) == 1:
            self.check_part(message, *bodies[0], alone=True)
            return
        self.check("type", message.get_content_type(), "multipart/alternative")
        boundary = message.get_boundary().encode()
        self.check("boundary lines", self.raw.count(b"--" + boundary), 3)
        self.check("boundary mentions", self.raw.count(boundary), 4)
        parts = list(message.iter_parts())
        self.check("parts", len(parts), 2)
        for part, (kind, body) in zip(parts, bodies):
            self.check_part(part, kind, body, alone=False)

    def check_part(self, part, kind, body, alone):
        self.check("part type", part.get_content_type(), f"text/{kind}")
        self.check("charset", part.get_content_charset(), "utf-8")
        encoding = str(part["content-transfer-encoding"])
        expected = re.sub("\r\n|\r|\n", "\r\n", body)
        if alone and encoding != "base64" and not expected.endswith("\r\n"):
            expected += "\r\n"
        self.check(f"{kind} body", part.get_content(), expected)
        written = part.get_payload()
        longest = max(len(line) for line in written.split("\r\n"))
        if encoding == "7bit":
            self.check("7bit is ASCII", written.isascii(), True)
        else:
            self.check("encoding", encoding in ("quoted-printable", "base64"), True)
            self.check("encoded line length", longest <= 76, True)
            self.check("From line", re.search("^From ", written, re.M), None)
            self.check("blank at a line end", re.search("[ \t]\r\n", written), None)
        self.check("smallest encoding", suits(encoding, written, expected), True)


def mailboxes(message, name):
    """(display name, address) of a field. The strict parser judges the grammar; the names come from
    email.header, because the strict one of Python 3.11 puts a blank between the encoded-words of a
    phrase (python/cpython#128110) and so cannot tell whether a name is intact."""
    if name not in message:
        return []
    strict = message[name].addresses
    raw = [value for key, value in message.raw_items() if key.lower() == name]
    loose = email.utils.getaddresses([re.sub("\r\n(?=[ \t])", "", raw[0])])
    found = []
    for by_strict, (phrase, address) in zip(strict, loose, strict=True):
        decoded = str(email.header.make_header(email.header.decode_header(phrase)))
        same = "".join(decoded.split()) == "".join(by_strict.display_name.split())
        same = same and address == by_strict.addr_spec
        found.append((decoded, address) if same else ("PARSERS DIFFER", str(by_strict)))
    return found


def suits(encoding, written, expected):
    """base64 only where it is not clearly larger; quoted-printable only while it can be read."""
    data = expected.encode()
    in_base64 = max(len(base64.b64encode(data)) * 78 // 76, len(data) * 5 // 3)
    in_quoted = len(quopri.encodestring(data.replace(b"\r\n", b"\n")))
    if encoding == "base64":
        return len(written) <= in_quoted * 1.1 + 8
    return encoding == "7bit" or len(written) <= in_base64 * 1.1 + 8


def decode_word(match):
    if match[2] == "B":
        return base64.b64decode(match[3], validate=True).decode("utf-8")
    return quopri.decodestring(match[3].replace("_", " ").encode()).decode("utf-8")


def main():
    faults, count = [], 0
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
        meant = json.loads(path.with_suffix(".json").read_bytes())
        faults += Judge(path.name, path.read_bytes(), meant).run()
        count += 1
    print("\n".join(faults[:50]))
    print(f"{count} messages, {len(faults)} differences")
    return 1 if faults or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
