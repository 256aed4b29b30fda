"""Debian's exim, without privileges: nss_wrapper makes it believe that its
user is the one who runs it."""

import grp
import mailbox
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

CONFIGURATION = r'''
exim_path = {dir}/sendmail
spool_directory = {dir}/spool
log_file_path = {dir}/%slog
pid_file_path = {dir}/exim.pid
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
primary_hostname = mail.example.com
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
disable_ipv6
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
timezone = UTC
tls_advertise_hosts = *
tls_certificate = {tls}.pem
tls_privatekey = {tls}.key
acl_smtp_rcpt = rcpt

begin acl

rcpt:
  deny    local_parts = nobody
          message = no such user here
  defer   local_parts = later
          message = mailbox busy
  deny    local_parts = members
          !authenticated = *
          message = authentication required
  warn    local_parts = slow
          delay = 15s
  accept

begin routers

all:
  driver = accept
  transport = box

begin transports

box:
  driver = appendfile
  directory = {dir}/mail
  maildir_format
  create_directory

begin authenticators

plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if eq{{$auth2:$auth3}}{{shop:s p}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
'''

SENDMAIL = '''#!/bin/sh
# exim as its own user, which is ours unless we are root
[ "$(id -u)" -ne 0 ] || exec runuser -u {user} -- "$0" "$@"
export LD_PRELOAD=libnss_wrapper.so
export NSS_WRAPPER_PASSWD={dir}/passwd NSS_WRAPPER_GROUP={dir}/group
exec {dir}/exim -C {dir}/exim.conf "$@"
'''


class Exim:
    def __init__(self, parent, tools):
        self.dir = f'{parent}/exim'
        self.sendmail = f'{self.dir}/sendmail'
        self.process = None
        user = pwd.getpwnam('nobody' if os.getuid() == 0
                            else pwd.getpwuid(os.getuid()).pw_name)

        with socket.create_server(('127.0.0.1', 0)) as server:
            self.port = server.getsockname()[1]

        os.mkdir(self.dir, 0o755)
        os.chown(self.dir, user.pw_uid, user.pw_gid)
        shutil.copy(f'{tools}/exim', f'{self.dir}/exim')

        for name in 'localhost.pem', 'localhost.key':
            shutil.copy(f'{parent}/tls/{name}', f'{self.dir}/{name}')

        self.write('exim.conf', CONFIGURATION.format(
            dir=self.dir, port=self.port, tls=f'{self.dir}/localhost'))
        self.write('sendmail', SENDMAIL.format(
            dir=self.dir, user=user.pw_name))
        os.chmod(self.sendmail, 0o755)
        self.write('passwd', ''.join(
            f'{name}:x:{uid}:{gid}::/:/bin/sh\n' for name, uid, gid in (
                ('root', 0, 0), ('Debian-exim', user.pw_uid, user.pw_gid),
                (user.pw_name, user.pw_uid, user.pw_gid))))
        self.write('group', f'root:x:0:\nDebian-exim:x:{user.pw_gid}:\n'
                   f'{grp.getgrgid(user.pw_gid).gr_name}:x:{user.pw_gid}:\n')

    def write(self, name, text):
        with open(f'{self.dir}/{name}', 'w') as file:
            file.write(text)

    @property
    def plain(self):
        return f'smtp://127.0.0.1:{self.port}?starttls=no'

    @property
    def encrypted(self):
        return f'smtp://localhost:{self.port}'

    def start(self):
        if self.process:
            return

        self.process = subprocess.Popen(
            [self.sendmail, '-bdf'], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)

        while not self.greets():
            if self.process.poll() is not None:
                raise AssertionError('exim did not start')
            time.sleep(0.02)

    def greets(self):
        try:
            with socket.create_connection(('127.0.0.1', self.port)) as peer:
                return peer.recv(4) == b'220 '
        except ConnectionRefusedError:
            return False

    def stop(self):
        """With all that it has started."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def box(self):
        """The mails that have arrived."""
        if not os.path.isdir(f'{self.dir}/mail'):
            return []

        return [message for message in
                mailbox.Maildir(f'{self.dir}/mail', factory=None)]

    def tidy(self):
        shutil.rmtree(f'{self.dir}/mail', ignore_errors=True)
