#!/usr/bin/env bash
# Runs the main job for real: a private RabbitMQ, the daemon on an embedded store, a thousand realistic messages, and
# what became of them. Stops everything it started.
#
#   deploy/demo.sh [--keep] [--messages N] [--seed N] [--folder DIR]
#
# --keep       leave broker and daemon running, and say how to look at them and how to stop them
# --messages   how many messages (default 1000)
# --seed       which traffic (default 7): the same seed, the same messages
# --folder     where store, contents, logs and messages go (default: a temporary folder that is removed)
#
# MEZHVED__BROKER__URL: use this broker in place of a private one; its user needs the tag `impersonator` to publish in
# the agencies' names, and their queues must not hold anything of yours.
. "$(dirname "${BASH_SOURCE[0]}")/rust.sh"

keep=no messages=1000 seed=7 folder=
while [ $# -gt 0 ]; do
    case $1 in
        --keep) keep=yes; shift ;;
        --messages) messages=$2; shift 2 ;;
        --seed) seed=$2; shift 2 ;;
        --folder) folder=$2; shift 2 ;;
        -h | --help) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "demo: what is $1? See --help" >&2; exit 2 ;;
    esac
done

daemon= sink= broker=no temporary=no
[ -n "$folder" ] || { folder=$(mktemp -d "${TMPDIR:-/tmp}/mezhved-demo.XXXXXX"); temporary=yes; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

finish() {
    status=$?
    trap - EXIT INT TERM
    [ "$status" = 0 ] || { echo "demo: failed; the daemon's last lines:" >&2; tail -n 15 "$folder/daemon.log" >&2 2>/dev/null; }
    if [ "$keep" = no ] || [ "$status" != 0 ]; then
        for process in $daemon $sink; do
            kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true
        done
        [ "$broker" = no ] || deploy/rabbitmq.sh stop "$folder/broker" || true
        [ "$temporary" = no ] || rm -rf "$folder"
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

say "Preparing"
need_rust
if [ -n "${MEZHVED__BROKER__URL:-}" ]; then
    daemon_url=$MEZHVED__BROKER__URL publisher_url=$MEZHVED__BROKER__URL
    echo "broker: the one of MEZHVED__BROKER__URL"
else
    deploy/packages.sh rabbitmq-server
    deploy/rabbitmq.sh start "$folder/broker" >/dev/null
    broker=yes
    daemon_url=$(deploy/rabbitmq.sh url "$folder/broker" mezhved)
    publisher_url=$(deploy/rabbitmq.sh url "$folder/broker" publisher)
    echo "broker: a private one in $folder/broker, on loopback"
fi
cargo build --release --locked --quiet
target=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
mezhved=$target/release/mezhved

# A port of this machine that nobody listens on.
free_port() {
    local port
    for port in $(seq "$1" 2 "$(($1 + 200))"); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}
mail=$(free_port 21525) gateway=$(free_port 21526)

# Addresses hold passwords: they go into files that only we can read.
umask 077
printf '%s\n' "$daemon_url" >"$folder/broker-url"
printf '%s\n' "$publisher_url" >"$folder/publisher-url"
head -c 24 /dev/urandom | base64 >"$folder/gateway-secret"
unset MEZHVED__BROKER__URL
cat >"$folder/mezhved.toml" <<TOML
[agency]
code = "MINSTROY"
[broker]
url_file = "$folder/broker-url"
[store]
path = "$folder/store.sqlite"
[contents]
folder = "$folder/contents"
[exports]
folder = "$folder/jobs"
output = "$folder/exports"
work_folder = "$folder/exports-work"
[parking]
delays_milliseconds = [300, 600]
patience_seconds = 4
[intake]
systems = ["agis2", "epgu", "fgis", "gge", "org"]
[http]
address = "127.0.0.1:0"
# Stand-ins of this machine take what people are told by mail and by a gateway.
[mail]
host = "127.0.0.1"
port = $mail
security = "none"
from = "noreply@example.org"
[notify.channel.email]
way = "smtp"
[notify.channel.sms]
way = "http"
url = "http://127.0.0.1:$gateway/"
secret_file = "$folder/gateway-secret"
[notify.channel.push]
way = "http"
url = "http://127.0.0.1:$gateway/"
secret_file = "$folder/gateway-secret"
[log]
level = "info"
[schedule]
# The messages are of last month: their terms would run out before their answers come. They do so at the end, by hand.
enabled = false
[[agencies]]
code = "EPGU"
name = "Единый портал"
user = "epgu"
receipts = "receipts.epgu"
documents = "documents.epgu"
systems = ["epgu"]
kinds = ["SubmitApplication", "DocumentExchange"]
[[agencies]]
code = "CABINET"
name = "Личные кабинеты"
user = "cabinet"
receipts = "receipts.cabinet"
documents = "documents.cabinet"
systems = ["agis2", "fgis", "gge", "org"]
kinds = ["*"]
[[agencies]]
code = "MFC-77"
name = "МФЦ"
user = "mfc77"
receipts = "receipts.mfc77"
documents = "documents.mfc77"
systems = ["epgu"]
kinds = ["StatusUpdate", "DocumentExchange"]
[[agencies]]
code = "ROSREESTR"
name = "Росреестр"
user = "rosreestr"
receipts = "receipts.rosreestr"
documents = "documents.rosreestr"
systems = ["epgu"]
kinds = ["StatusUpdate", "DocumentExchange"]
TOML
# A job of its own beside the built-in ones: the report of the day, to a folder and by mail.
mkdir -p "$folder/jobs"
cat >"$folder/jobs/day-report.toml" <<'TOML'
code = "day-report"
label = "Сводный отчёт за день"
report = "overview"
period = "previous day"
format = "html"
[[destination]]
kind = "folder"
[[destination]]
kind = "mail"
to = ["head@example.org"]
name = "отчёт за {from:%d.%m.%Y}.{ext}"
TOML
export MEZHVED_CONFIG=$folder/mezhved.toml
sed "s|broker-url|publisher-url|" "$folder/mezhved.toml" >"$folder/publisher.toml"

say "Making $messages messages of seed $seed, for five systems"
"$mezhved" sample --seed "$seed" --messages "$messages" --into "$folder/messages"
sent=$(($(wc -l <"$folder/messages/messages.tsv") - 1))
tail -n +2 "$folder/messages/messages.tsv" | cut -f3 | sort | uniq -c | sort -rn | sed 's/^/  /'

say "Starting the daemon and publishing"
"$mezhved" notify sink --mail "127.0.0.1:$mail" --http "127.0.0.1:$gateway" --folder "$folder/taken" >"$folder/sink.log" 2>&1 &
sink=$!
"$mezhved" run 2>"$folder/daemon.log" &
daemon=$!
for _ in $(seq 200); do
    grep -q 'INFO ready' "$folder/daemon.log" && break
    kill -0 "$daemon" 2>/dev/null || exit 1
    sleep 0.1
done
"$mezhved" --config "$folder/publisher.toml" publish "$folder/messages"

say "Waiting until all is settled"
"$mezhved" status --wait-for "$sent" --within 240

say "Messages sent = outcomes + repeats"
"$mezhved" status

# Of each system the case that most messages are about.
for system in agis2 epgu fgis gge org; do
    say "A case of $system with its history"
    read -r kind number < <(awk -F'\t' -v wanted="$system" 'NR > 1 && $5 == wanted && $3 == "applied" {
        split($4, words, " "); kind = words[1]
        if (kind == "update" || kind == "documents") kind = "application"
        print kind, words[2] }' "$folder/messages/messages.tsv" |
        grep '[0-9][0-9][0-9]' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2, $3 }')
    "$mezhved" case show "$number" --system "$system" --kind "$kind"
done

say "A receipt with the result of every item"
file=$(awk -F'\t' '$3 ~ /applied, .* refused/ { print $1; exit }' "$folder/messages/messages.tsv")
id=$(sed -n 's|.*<\([a-z]*:\)\{0,1\}MessageId>\(.*\)</.*|\2|p' "$folder/messages/$file" | sed -n 1p)
"$mezhved" message show "$id"
"$mezhved" message show "$id" --receipt

say "Dead letters, and one with its violation in the XML"
"$mezhved" dlq list --limit 8
letter=$("$mezhved" dlq list --code schema-violation --limit 1 --json | sed -n 's/^{"id":\([0-9]*\).*/\1/p')
"$mezhved" dlq show "$letter"

say "Terms that have run out by now, and the jobs that go by the clock"
"$mezhved" timers run --all | sed -n '1,12p;$p'
"$mezhved" jobs list

say "What people were told, by channel and state, and the first letter that a stand-in took"
"$mezhved" notify list --count
letter=$(find "$folder/taken" -type f -name '*.eml' | sort | sed -n 1p)
[ -z "$letter" ] || sed -n '1,12p' "$letter"

say "The exports of the night to come"
# A night's exports are about the day before it: for the messages of today the night is tomorrow's. Days are Moscow's, three hours
# ahead of UTC, wherever this runs.
slot=$(date -u -d 'now + 3 hours + 1 day' +%F)T02:30
jobs="cases-daily status-history-daily dead-letters-daily throughput-daily cases-changed day-report"
for job in $jobs; do
    "$mezhved" export run "$job" --slot "$slot" --early 2>>"$folder/exports.log"
done
"$mezhved" export history
if [ "$broker" = yes ]; then
    echo "the messages that tell of them (ExportReady), waiting for whoever reads them:"
    for _ in $(seq 100); do
        waiting=$(deploy/rabbitmq.sh ctl "$folder/broker" list_queues name messages | grep '^export' || true)
        [ "${waiting##*[!0-9]}" = "$(wc -w <<<"$jobs")" ] && break
        sleep 0.1
    done
    echo "$waiting"
fi
echo "the letter with the report of the day:"
letter=$(grep -rl --include='*.eml' 'Content-Disposition: attachment' "$folder/taken" | sed -n 1p)
[ -z "$letter" ] || grep -E '^(From|To|Message-ID|Content-Disposition)' "$letter"
echo "the first lines of the cases, as Excel gets them:"
head -n 4 "$folder"/exports/cases-daily-*.csv

if [ "$keep" = yes ]; then
    trap - EXIT INT TERM
    say "Left running"
    cat <<TXT
export MEZHVED_CONFIG=$folder/mezhved.toml
$mezhved status                  what there is
$mezhved dlq list                what failed
tail -f $folder/daemon.log       what the daemon does
$(pwd)/deploy/rabbitmq.sh ctl $folder/broker list_queues
to stop: kill $daemon $sink && $(pwd)/deploy/rabbitmq.sh stop $folder/broker && rm -r $folder
TXT
    exit 0
fi

say "Stopping"
kill "$daemon"
wait "$daemon"
daemon=
kill "$sink"
wait "$sink" || true
sink=
tail -n 2 "$folder/daemon.log"
if [ "$temporary" = yes ]; then
    echo "the daemon stopped in order; the demo's folder is removed"
else
    echo "the daemon stopped in order; the demo's files are in $folder"
fi
