#!/bin/bash
# Debian's Postfix as a relay, unpacked and not installed: it sees its files where Debian puts them
# through overlays that exist in this private mount and process namespace only. Needs root.
# Arguments: folder of the unpacked package, folder for its files, port to listen on, port of the
# receiver. Call as: unshare --mount --pid --fork --kill-child postfix.sh ...
set -euo pipefail
package="$1" files="$2" listen_port="$3" sink_port="$4"

mount --make-rprivate /
mount -t proc proc /proc
mkdir -p "$files"/{etc,etc-work,var,var-work,queue}
mount -t overlay overlay -o "lowerdir=$package/usr:/usr" /usr
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$files/etc,workdir=$files/etc-work" /etc
mount -t overlay overlay -o "lowerdir=/var,upperdir=$files/var,workdir=$files/var-work" /var

grep -q '^postfix:' /etc/passwd || echo 'postfix:x:64901:64901::/var/spool/postfix:/bin/false' >>/etc/passwd
grep -q '^postfix:' /etc/group || echo 'postfix:x:64901:' >>/etc/group
grep -q '^postdrop:' /etc/group || echo 'postdrop:x:64902:' >>/etc/group
mkdir -p /etc/postfix /var/spool/postfix /var/lib/postfix
cp -r "$package"/etc/postfix/. /etc/postfix/
chown postfix /var/lib/postfix
# The queue itself lies on the disk, not behind an overlay.
mount --bind "$files/queue" /var/spool/postfix

cat >/etc/postfix/main.cf <<MAIN
compatibility_level = 3.6
myhostname = relay.example
mydestination =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
relayhost = [127.0.0.1]:$sink_port
smtputf8_enable = no
MAIN
# Debian's services without chroot jails; the listener on our port.
sed -E -e 's/^#.*//' -e "s/^smtp( +)inet( .*)$/127.0.0.1:$listen_port inet\2/" \
  "$package/usr/share/postfix/master.cf.dist" |
  awk '/^[^ \t]/ && NF >= 8 { $5 = "n" } { print }' >/etc/postfix/master.cf
exec /usr/sbin/postfix start-fg
