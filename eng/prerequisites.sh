# What the commands of ./run need on the machine. Each function installs what is missing where it may (on Debian, as root), or ends
# with a sentence that says what to install. Sourced by ./run, which has `say` and `fail`.

can_install() { [[ "$(id -u)" == 0 && -f /etc/debian_version ]] && command -v apt-get >/dev/null; }

install_packages() {
  say "Installing $* ..."
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } </dev/null >&2
}

# The first number of a version, or 0 if the program is missing.
major_version() {
  local text
  command -v "$1" >/dev/null || { echo 0; return; }
  text="$("$@" 2>&1 </dev/null)" || true
  if [[ "$text" =~ ([0-9]+)(\.[0-9]+)* ]]; then echo "${BASH_REMATCH[1]}"; else echo 0; fi
}

need_dotnet() {
  if ! command -v dotnet >/dev/null && [[ -x "$HOME/.dotnet/dotnet" ]]; then
    export DOTNET_ROOT="$HOME/.dotnet" PATH="$HOME/.dotnet:$PATH"
  fi
  # In this directory dotnet obeys global.json, and fails if no SDK on the machine fits it.
  dotnet --version >/dev/null 2>&1 ||
    fail 'the .NET 10 SDK is missing. Install it from https://dotnet.microsoft.com/download/dotnet/10.0 and try again.'
}

# The servers that Debian has: PostgreSQL, MariaDB, Redis and NATS. Debian's package would also start a server of its own; ours are separate.
need_servers() {
  if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && ! command -v initdb >/dev/null; then
    if can_install; then without_service install_packages postgresql || true; fi
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ||
      fail 'PostgreSQL 15 or newer is missing. On Debian, as root: apt-get install postgresql'
  fi
  if ! command -v mariadbd >/dev/null && [[ ! -x /usr/sbin/mariadbd ]]; then
    if can_install; then without_service install_packages mariadb-server || true; fi
    command -v mariadbd >/dev/null || [[ -x /usr/sbin/mariadbd ]] ||
      fail 'MariaDB 10.6 or newer is missing. On Debian, as root: apt-get install mariadb-server'
  fi
  if ! command -v redis-server >/dev/null; then
    if can_install; then without_service install_packages redis-server || true; fi
    command -v redis-server >/dev/null || fail 'Redis 7 or newer is missing. On Debian, as root: apt-get install redis-server'
  fi
  if ! command -v nats-server >/dev/null && [[ ! -x /usr/sbin/nats-server ]]; then
    if can_install; then without_service install_packages nats-server || true; fi
    command -v nats-server >/dev/null || [[ -x /usr/sbin/nats-server ]] ||
      fail 'nats-server is missing (JetStream needs it). On Debian, as root: apt-get install nats-server'
  fi
}

# The pooler that some tests put in front of PostgreSQL.
need_pooler() {
  if ! command -v pgbouncer >/dev/null && [[ ! -x /usr/sbin/pgbouncer ]]; then
    if can_install; then without_service install_packages pgbouncer || true; fi
    command -v pgbouncer >/dev/null || [[ -x /usr/sbin/pgbouncer ]] ||
      fail 'pgbouncer is missing (tests put it in front of PostgreSQL). On Debian, as root: apt-get install pgbouncer'
  fi
}

# Spin makes a C program of a model; it explores every state.
need_spin() {
  if ! command -v spin >/dev/null && can_install; then install_packages spin || true; fi
  command -v spin >/dev/null || fail 'spin is missing (the models of docs/model need it). On Debian, as root: apt-get install spin'
  if ! printf '#include <stdlib.h>\n' | gcc -E - >/dev/null 2>&1 && can_install; then install_packages gcc libc6-dev || true; fi
  printf '#include <stdlib.h>\n' | gcc -E - >/dev/null 2>&1 ||
    fail 'a C compiler is missing (spin needs it). On Debian, as root: apt-get install gcc libc6-dev'
}

# The command line is tested in a terminal.
need_terminal() {
  if ! has_terminal && can_install; then install_packages tmux fish zsh || true; fi
  has_terminal || fail 'tmux, fish or zsh is missing (the command line is tested in them). On Debian, as root: apt-get install tmux fish zsh'
}

has_terminal() {
  command -v tmux >/dev/null && command -v fish >/dev/null && command -v zsh >/dev/null
}

# PowerShell is not in Debian, but it is a .NET tool.
need_powershell() {
  dotnet tool restore </dev/null >&2 || fail 'PowerShell cannot be installed (the command line is completed in it): see what `dotnet tool restore` says.'
}

# What native code is linked with. Clang does as well.
need_linker() {
  if ! links && can_install; then install_packages gcc libc6-dev || true; fi
  links || fail 'a C compiler is missing (native code is linked by it). On Debian, as root: apt-get install gcc libc6-dev'
}

links() {
  local compiler
  for compiler in clang gcc; do
    ! printf '#include <stdlib.h>\nint main(void) { return 0; }\n' | "$compiler" -x c -o /dev/null - >/dev/null 2>&1 || return 0
  done
  return 1
}

# What the tests of examples/ need besides. Where it cannot be had they run a plainer form of the example, or say what is missing.
need_examples() {
  can_install || return 0
  local missing=() pair
  command -v psql >/dev/null || missing+=(postgresql-client)
  command -v mysql >/dev/null || missing+=(mariadb-client)
  command -v curl >/dev/null || missing+=(curl)
  for pair in boto3:python3-boto3 psycopg:python3-psycopg pymysql:python3-pymysql pymongo:python3-pymongo redis:python3-redis; do
    has_python_module "${pair%%:*}" || missing+=("${pair#*:}")
  done
  (( ${#missing[@]} == 0 )) || install_packages "${missing[@]}" || say "Could not install ${missing[*]}; going on without."
}

# Debian's packages are seen by Debian's interpreter alone.
has_python_module() { python3 -c "import $1" 2>/dev/null || /usr/bin/python3 -c "import $1" 2>/dev/null; }

# Debian's own way to say that a package's service is not to be started: it asks this program.
without_service() {
  local policy=/usr/sbin/policy-rc.d code=0
  [[ -e "$policy" ]] && { "$@"; return; }
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  "$@" || code=$?
  rm -f "$policy"
  return "$code"
}

need_emulators() {
  if (( $(major_version java -version) < 17 )) && can_install; then install_packages openjdk-17-jre-headless || true; fi
  (( $(major_version java -version) >= 17 )) ||
    fail 'Java 17 or newer is missing (DynamoDB Local needs it). On Debian, as root: apt-get install openjdk-17-jre-headless'

  if (( $(major_version node --version) == 0 )) && can_install; then install_packages nodejs npm || true; fi
  (( $(major_version node --version) >= 20 )) ||
    fail "Node.js 20 or newer is missing (the SQS emulator needs it; found: $(node --version 2>/dev/null || echo none)). Install it from https://nodejs.org and try again."

  install_npm "$emulators" 'the emulators'
}

# Installs the npm project of a folder, unless that was done after its lock file last changed.
install_npm() {
  local folder="$1" what="$2"
  [[ "$folder/package-lock.json" -nt "$folder/node_modules/.package-lock.json" ]] || return 0
  if ! command -v npm >/dev/null && can_install; then install_packages npm || true; fi
  command -v npm >/dev/null || fail 'npm is missing. It comes with Node.js; on Debian, as root: apt-get install npm'
  say "Installing $what ..."
  npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error </dev/null >&2 ||
    fail "npm could not install $what (see above). Check the network and npm's registry setting, then try again."
  touch "$folder/node_modules/.package-lock.json"
}
