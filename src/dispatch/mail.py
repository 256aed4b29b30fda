"""Mail: the message, and the two ways to hand it over."""

import email.headerregistry
import email.message
import email.policy
import email.utils
import re
import smtplib
import socket
import ssl
import subprocess
import tempfile
import urllib.parse
from datetime import timezone

from common import Deadline, Failure, plain

IDLE = 5            # s: may take to say good-bye
SAID = 4096         # bytes of what sendmail prints that are read

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r'[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
ADDRESS = re.compile(rf'{ATOM}(?:\.{ATOM})*@({LABEL}(?:\.{LABEL})*)')


def address_check(text):
    """Returns the address as it is sent, and its domain."""
    local, at, domain = text.rpartition('@')

    try:
        text = local + at + domain.encode('idna').decode()
    except UnicodeError:
        pass

    match = ADDRESS.fullmatch(text)

    if not match or len(local) > 64 or len(text) > 254:
        raise Failure('not an address that mail can be sent to', final=True)

    return text, match[1]


def message_make(row):
    """Returns sender, recipient and the message.  It is the same for every
    attempt.  What people typed, such as their names, cannot add a line: it
    has no line ends any more, and the library refuses them, too."""
    name, sender = email.utils.parseaddr(row.mail_from)
    sender, domain = address_check(sender)
    recipient, _ = address_check(row.mail_to)
    message = email.message.EmailMessage(
        policy=email.policy.SMTP.clone(cte_type='7bit'))

    try:
        message['From'] = mailbox(name, sender)
        message['To'] = mailbox(row.mail_to_name, recipient)
        message['Subject'] = heading(row.subject, 250)
        message['Date'] = row.created_at.astimezone(timezone.utc)
        message['Message-ID'] = f'<{row.id}@{domain}>'
        message['Auto-Submitted'] = 'auto-generated'
        message.set_content(row.body, charset='utf-8')
        message.as_bytes()
    except (ValueError, LookupError) as error:
        raise Failure(f'no message: {error}', final=True)

    return sender, recipient, message


def heading(text, most):
    """Text for a header: what looks encoded in it is not."""
    return plain(text or '', most).replace('=?', '= ?')


def mailbox(name, address):
    name = heading(name, 100)
    local, _, domain = address.rpartition('@')

    return email.headerregistry.Address(name, local, domain)


class Sendmail:
    """Hands mail to the program that every mail server brings."""

    # of sysexits.h, those that are about this mail: EX_DATAERR, EX_NOUSER,
    # EX_NOHOST
    FINAL = (65, 67, 68)

    connected = False

    def __init__(self, path, timeout):
        self.path = path
        self.timeout = timeout

    def send(self, row):
        sender, recipient, message = message_make(row)
        message = message.as_bytes(message.policy.clone(linesep='\n'))
        command = [self.path, '-i', '-f', sender, '--', recipient]

        with tempfile.TemporaryFile() as said:
            try:
                code = subprocess.run(
                    command, input=message, stdout=said, stderr=said,
                    timeout=self.timeout, start_new_session=True).returncode
            except subprocess.TimeoutExpired:
                raise Failure(f'sendmail: no end after {self.timeout:g} s')
            except OSError as error:
                raise Failure(error, down=True)

            said.seek(0)
            words = plain(said.read(SAID))

        if code:
            raise Failure(f'sendmail: exit code {code} {words}', code,
                          final=code in self.FINAL)

        return code, words or 'handed over'


class Smtp:
    """One connection to a mail server, kept while there is mail."""

    def __init__(self, url, password, timeout):
        self.url = url
        self.password = password
        self.timeout = timeout
        self.tls = ssl.create_default_context()
        self.name = socket.getfqdn()
        self.smtp = None

    @property
    def connected(self):
        return self.smtp is not None

    def send(self, row):
        sender, recipient, message = message_make(row)

        with Deadline(self.timeout) as deadline:
            try:
                self.ready(deadline)
                return self.transfer(sender, recipient, message.as_bytes())

            except (OSError, ValueError) as error:
                self.close()
                code = getattr(error, 'smtp_code', None)
                words = getattr(error, 'smtp_error', error)
                if deadline.over:
                    words = deadline.words()
                raise Failure(f'smtp: {plain(words)}', code, down=True)

    def ready(self, deadline):
        """Connected, and the server still listens to us."""
        if self.smtp:
            try:
                deadline.watch(self.smtp.sock.fileno())
                if self.smtp.noop()[0] == 250:
                    return
            except OSError:
                pass
            self.close()

        self.connect(deadline)

    def connect(self, deadline):
        url = self.url
        where = url.hostname, url.port or 0, self.name, deadline.left()

        if url.scheme == 'smtps':
            self.smtp = smtplib.SMTP_SSL(*where, context=self.tls)
        else:
            self.smtp = smtplib.SMTP(*where)

        self.smtp.sock.settimeout(None)
        deadline.watch(self.smtp.sock.fileno())
        self.smtp.ehlo_or_helo_if_needed()

        if url.scheme == 'smtp' and url.query != 'starttls=no':
            self.check(self.smtp.starttls(context=self.tls), 220)
            self.check(self.smtp.ehlo(), 250)

        if url.username:
            self.smtp.login(urllib.parse.unquote(url.username), self.password)

    def check(self, answer, code):
        if answer[0] != code:
            raise smtplib.SMTPResponseException(*answer)

    def transfer(self, sender, recipient, data):
        """A refused recipient or text is the end of this mail; everything
        else that a server refuses may be otherwise another time."""
        self.check(self.smtp.mail(sender), 250)
        code, words = self.smtp.rcpt(recipient)

        if code in (250, 251):
            code, words = self.data(data)
            if code == 250:
                return code, plain(words)

        if code == 421:
            raise smtplib.SMTPResponseException(code, words)

        self.smtp.rset()
        raise Failure(plain(words), code, final=500 <= code <= 599)

    def data(self, data):
        try:
            return self.smtp.data(data)
        except smtplib.SMTPDataError as error:
            return error.smtp_code, error.smtp_error

    def close(self):
        if self.smtp:
            self.smtp.close()
            self.smtp = None

    def rest(self):
        """Nothing to send for a while."""
        try:
            with Deadline(IDLE) as deadline:
                deadline.watch(self.smtp.sock.fileno())
                self.smtp.quit()
        except OSError:
            pass
        self.close()
