# What a host needs on which mail programs run. Read by the scripts beside it.
hostname node.example.org
echo "127.0.1.1 node.example.org node" >>/etc/hosts
# Nothing here waits for a name server.
sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
group() { getent group "$1" >/dev/null || groupadd --system "$1"; }
user() { id "$1" >/dev/null 2>&1 || useradd --system --no-create-home --gid "$2" --shell /usr/sbin/nologin "$1"; }
ldconfig
