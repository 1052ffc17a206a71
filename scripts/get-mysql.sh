#!/usr/bin/env bash
# Unpacks MySQL 9 and its libraries from Debian's unstable suite into DIR, without installing anything:
#
#     scripts/get-mysql.sh [DIR]        DIR is .tools/mysql by default; DIR/mysqld is then the server
#
# Debian's stable suites carry only MariaDB. The mirror is the one that this machine's apt uses. Needs no root.
set -euo pipefail

say() { printf 'get-mysql: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

cd "$(dirname "$0")/.."
target=${1:-.tools/mysql}
if [[ -x $target/mysqld ]] && "$target/mysqld" --no-defaults --version; then
    exit 0
fi
command -v apt-get >/dev/null || die "needs Debian's apt-get; elsewhere put a mysqld 8 or 9 on PATH"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -r $keyring ]] || die "needs the package debian-archive-keyring"
# shellcheck disable=SC2016  # the names in $( ) are apt's fields
mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 !~ /security|backports/ && $2 ~ /debian\/?$/ { print $2; exit }')
[[ -n $mirror ]] || die "found no Debian mirror among this machine's apt sources"

mkdir -p "$target"
target=$(cd "$target" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/state/lists/partial "$work"/cache/archives/partial
: >"$work/status" # an empty list of installed packages: apt then fetches every library, the C library included
printf 'deb [signed-by=%s] %s sid main\n' "$keyring" "$mirror" >"$work/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::State "$work/state";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "";
APT::Get::List-Cleanup "false";
Acquire::Retries "5";
Acquire::http::Timeout "30";
Acquire::Languages "none";
Debug::NoLocking "true";
CONF
export APT_CONFIG=$work/apt.conf DEBIAN_FRONTEND=noninteractive

say "reading the package list"
apt-get -qq update
say "fetching the server and its libraries (about 60 MB)"
apt-get -qq install --yes --download-only --no-install-recommends mysql-server-core
rm -rf "$target/files"
mkdir "$target/files"
for package in "$work"/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$target/files"
done

# The server is started by the loader and C library that it was built for, which are newer than the machine's.
cat >"$target/mysqld" <<'RUN'
#!/usr/bin/env bash
here=$(cd "$(dirname "$0")" && pwd)
usr=$here/files/usr
libraries=$(printf '%s:' "$usr"/lib/*-linux-gnu*)
loaders=("$usr"/lib*/ld-linux*.so.* "$usr"/lib/*/ld-linux*.so.*)
for loader in "${loaders[@]}"; do
    [[ -x $loader ]] && break
done
# Options that name a configuration file must come first; the folders follow them.
first=()
while [[ ${1-} == --no-defaults || ${1-} == --defaults-* ]]; do
    first+=("$1")
    shift
done
exec "$loader" --library-path "$libraries" "$usr/sbin/mysqld" "${first[@]}" --basedir="$usr" "$@"
RUN
chmod +x "$target/mysqld"
"$target/mysqld" --no-defaults --version || die "the fetched server does not run on this machine"
