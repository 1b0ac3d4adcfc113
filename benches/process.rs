//! The daemon as a process: how long from its start until it is ready, and how much memory it takes while it works
//! through a short and a very long queue. Usage: `cargo bench --bench process -- [MESSAGES]`, the long queue having so
//! many (1,000,000 take about 10 GB of disk for a while). What was measured stands in `benches/notes.md`.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program that measures and tells")]

mod house;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use house::House;

const STARTS: usize = 11;
const SHORT: usize = 10_000;
const HTTP: &str = "127.0.0.1:19464";

fn main() {
    let long = std::env::args().skip(1).find_map(|argument| argument.parse::<usize>().ok()).unwrap_or(1_000_000);
    let house = House::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(house.declare());

    let file = house.config_file("start", true, "");
    let mut starts: Vec<Duration> = (0..=STARTS).map(|_| start(&file)).collect();
    println!("first start, the store being made: {:?}", starts.remove(0));
    starts.sort_unstable();
    println!(
        "next {STARTS} starts until ready: {:?} to {:?}, median {:?}",
        starts[0],
        starts[STARTS - 1],
        starts[STARTS / 2]
    );

    let mut lives = Vec::new();
    for (seed, count) in [(1, SHORT), (2, long)] {
        let (count, _) = runtime.block_on(house.prefill(house.applications(seed).take(count)));
        let file = house.config_file(&format!("memory-{seed}"), false, HTTP);
        let (usual, peak, time) = work_through(&file, count);
        println!("{count} messages queued: {usual} KiB resident (median), {peak} KiB at most, {time:.1?}");
        lives.push((usual, peak));
    }
    let [(usual, peak), (usual_long, peak_long)] = lives[..] else { return };
    println!("with the long queue / with the short one: {:.2}", ratio(usual_long, usual));
    println!("the same of what was resident at most: {:.2}", ratio(peak_long, peak));
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(left: u64, right: u64) -> f64 {
    left as f64 / right as f64
}

fn daemon(config: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mezhved"))
        .args(["--config".as_ref(), config.as_os_str(), "run".as_ref()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the daemon")
}

/// Waits for the line that says `ready`, and reads on so that the daemon never waits for its reader.
fn wait_ready(child: &mut Child) {
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready"));
    assert!(ready, "the daemon ended before it was ready");
    std::thread::spawn(move || lines.for_each(drop));
}

fn end(mut child: Child) {
    let pid = child.id().to_string();
    let _asked = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(child.wait().expect("an end").success(), "a stop in order");
}

fn start(config: &Path) -> Duration {
    let started = Instant::now();
    let mut child = daemon(config);
    wait_ready(&mut child);
    let time = started.elapsed();
    end(child);
    time
}

/// Runs until `count` messages are settled; gives the memory that is resident meanwhile, usually (the median of looks a tenth of
/// a second apart) and at most, in KiB, and the time.
fn work_through(config: &Path, count: usize) -> (u64, u64, Duration) {
    let started = Instant::now();
    let mut child = daemon(config);
    wait_ready(&mut child);
    let mut looks = Vec::new();
    while settled() < count as u64 {
        // Asking for the counters costs the daemon something: seldom.
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(100));
            looks.push(memory(&child, "VmRSS"));
        }
    }
    let time = started.elapsed();
    let peak = memory(&child, "VmHWM");
    end(child);
    looks.sort_unstable();
    (looks[looks.len() / 2], peak, time)
}

/// A field of what the kernel counts of a process, in KiB.
fn memory(child: &Child, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field");
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
}

/// How many deliveries the daemon says to have settled.
fn settled() -> u64 {
    let mut text = String::new();
    let asked = TcpStream::connect(HTTP).and_then(|mut stream| {
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        stream.read_to_string(&mut text)
    });
    asked.map_or(0, |_| {
        let counted = |line: &&str| {
            ["mezhved_messages_total{", "mezhved_repeats_total"].iter().any(|name| line.starts_with(name))
        };
        let values = text.lines().filter(counted);
        values.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    })
}
